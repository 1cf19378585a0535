"""The content of digests: which papers a digest holds, how its row stores them, and how its period is worded.

These modules do no I/O and read no clock.
"""
