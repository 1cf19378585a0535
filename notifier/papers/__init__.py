"""Rules about papers: how they are identified, how their listings are merged, and how they are ranked.

These modules do no I/O and read no clock.
"""
