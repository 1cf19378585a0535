"""Parse page text: the text on the clipboard after someone copies a web page that lists papers.

`reading` holds the format, and its docstring explains what the other modules do.
"""
