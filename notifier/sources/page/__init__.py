"""Parse page text: the text on the clipboard after someone copies a web page that lists papers.

`page_text` holds the format, and its docstring explains what the other modules do.
"""
