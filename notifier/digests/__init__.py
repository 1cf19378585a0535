"""Digests: which papers one holds, how they are kept in a row, and how they become a mail. Pure: no I/O, no clock."""
