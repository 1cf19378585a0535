"""Make the content of digests: choose their papers, store them in a row, and word their periods.

These modules do no I/O and read no clock.
"""
