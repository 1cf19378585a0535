"""Turn the bytes of a dump into its listings. Nothing here reads a file or a clock.

The steps are: unpack the bytes, decode them to text, and parse the text with the first format that recognises it. The
result holds the listings and the records that were skipped. A new format is one module that defines `FORMAT`, and one
line in `FORMATS`.
"""

from __future__ import annotations

from dataclasses import replace

from notifier.config import DEFAULT_LIMITS, Limits
from notifier.errors import DumpError
from notifier.models import ParsedDump, Skipped
from notifier.sources import other_feed
from notifier.sources.arxiv import api as arxiv_api
from notifier.sources.arxiv import feed as arxiv_feed
from notifier.sources.arxiv import oai_pmh
from notifier.sources.arxiv.ids import parse_arxiv_id
from notifier.sources.bounding import bounded
from notifier.sources.cleaning import clean
from notifier.sources.cut_off import ZEROS_FAULT, ends_in_zeros, is_cut_off
from notifier.sources.decoding import decode, decode_markup, is_markup
from notifier.sources.format import Format
from notifier.sources.json import daily as daily_json
from notifier.sources.json import lines as json_lines
from notifier.sources.listing_day import decide_listing_day
from notifier.sources.page import page_text
from notifier.sources.unpacking import is_archive, unpack

__all__ = [
    "FORMATS",
    "Format",
    "clean",
    "decide_listing_day",
    "is_archive",
    "is_cut_off",
    "look_at",
    "parse_arxiv_id",
    "parse_dump",
]

_MOST_SHOWN = 1 << 24  # bytes to which the beginning of an archive may be unpacked

# Every known format. The first that recognises a text parses it, so the formats that accept more come later.
FORMATS: tuple[Format, ...] = (
    oai_pmh.FORMAT,
    arxiv_feed.FORMAT,
    arxiv_api.FORMAT,
    other_feed.FORMAT,  # accepts every feed, so it comes after arXiv's feeds
    daily_json.FORMAT,
    json_lines.FORMAT,  # accepts every JSON document
    page_text.FORMAT,  # accepts every text
)


def look_at(content: bytes) -> tuple[str, str]:
    """Return the format that the beginning of a dump seems to have, or why it is none, and its text."""
    try:
        unpacked = unpack(content, _MOST_SHOWN).content
        text = decode_markup(unpacked) if is_markup(unpacked) else decode(unpacked)
    except DumpError as error:
        return str(error), content.decode("utf-8", "replace")
    return next(each.name for each in FORMATS if each.recognises(text)), text


def parse_dump(content: bytes, limits: Limits = DEFAULT_LIMITS) -> ParsedDump:
    """Return the listings of a dump, parsed by the first format that recognises its text.

    All text in the listings is clean. Raises DumpError, with the reason, if the bytes are not a dump.
    """
    unpacked = unpack(content, limits.max_unpacked_bytes)
    fault = unpacked.fault or (ZEROS_FAULT if ends_in_zeros(unpacked.content) else None)
    text = decode_markup(unpacked.content) if is_markup(unpacked.content) else decode(unpacked.content)
    recognised = next(candidate for candidate in FORMATS if candidate.recognises(text))
    try:
        dump = bounded(recognised.parse(text, limits))
    except DumpError as error:
        if fault is None:
            raise
        raise DumpError(f"{error}; {fault}") from None
    if fault is None:
        return dump
    return replace(dump, skipped=(*dump.skipped, Skipped("the end of the file", fault)))
