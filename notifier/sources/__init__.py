"""Sources: a dump's bytes in, its listings out. Pure: no file, no clock.

A new format is one module that ends in a `FORMAT`, and one line in `FORMATS`.
"""

from __future__ import annotations

from notifier.models import ParsedDump
from notifier.sources import page_text
from notifier.sources.format import Format

FORMATS: tuple[Format, ...] = (
    page_text.FORMAT,  # last: it takes any text
)


def read(content: bytes) -> ParsedDump:
    """The listings that a dump holds, by the first format that recognises it; their text is clean.

    Raises DumpError, with the reason, when the bytes are not a dump.
    """
    recognised = next(each for each in FORMATS if each.recognises(content))
    return recognised.parse(content)
