"""Sources: a dump's bytes in, its listings out. Pure: no file, no clock.

    bytes --unpacking--> bytes --decoding--> text --a format--> listings, and what was skipped

A new format is one module that ends in a `FORMAT`, and one line in `FORMATS`.
"""

from __future__ import annotations

from dataclasses import replace

from notifier.config import DEFAULT_LIMITS, Limits
from notifier.models import ParsedDump, Skipped
from notifier.sources import other_feed
from notifier.sources.arxiv import api as arxiv_api
from notifier.sources.arxiv import feed as arxiv_feed
from notifier.sources.arxiv import oai_pmh
from notifier.sources.decoding import decode, decode_markup, is_markup
from notifier.sources.format import Format
from notifier.sources.json import daily as daily_json
from notifier.sources.json import lines as json_lines
from notifier.sources.listing_day import decide_listing_day
from notifier.sources.page import reading as page_text
from notifier.sources.unpacking import unpack

__all__ = ["FORMATS", "Format", "decide_listing_day", "parse_dump"]

FORMATS: tuple[Format, ...] = (
    oai_pmh.FORMAT,
    arxiv_feed.FORMAT,
    arxiv_api.FORMAT,
    other_feed.FORMAT,  # after arXiv's own: it takes any feed
    daily_json.FORMAT,
    json_lines.FORMAT,  # it takes any JSON
    page_text.FORMAT,  # last: it takes any text
)


def parse_dump(content: bytes, limits: Limits = DEFAULT_LIMITS) -> ParsedDump:
    """The listings that a dump holds, by the first format that recognises it; their text is clean.

    Raises DumpError, with the reason, when the bytes are not a dump.
    """
    unpacked = unpack(content, limits.unpacked)
    inside = unpacked.content
    text = decode_markup(inside) if is_markup(inside) else decode(inside)
    recognised = next(each for each in FORMATS if each.recognises(text))
    dump = recognised.parse(text, limits)
    if unpacked.fault is None:
        return dump
    return replace(dump, skipped=(*dump.skipped, Skipped("the end of the file", unpacked.fault)))
