"""Parse JSON lines: one paper per line. An array of papers, or an object with such an array, is parsed too.

    {"id": "2607.00001", "title": "...", "abstract": "...", "authors": ["..."], "categories": ["cs.LG"],
     "url": "https://...", "date": "2026-07-06", "upvotes": 12}

Only `title` is required. `date` is the listing day; `published` and `updated` are dates of the paper itself.
"""

from __future__ import annotations

import re

from notifier.config import Limits
from notifier.models import ParsedDump
from notifier.sources.format import LINES, Format
from notifier.sources.json.papers import move_common_day, parse_papers

NAME = "JSON lines"

# The beginning of a JSON document. Neither a link of Markdown such as `[12](https://example.org)` nor one of
# a text browser such as `[1]Papers` matches.
_JSON = re.compile(r"\A[\s\ufeff\x00]*(?:\{\s*(?:[\"'}]|$)|\[\s*(?:[\[\]{\"']|-?\d[\d.eE+-]*\s*(?:,|\]\s*(?:,|\Z))|$))")


def _recognises(text: str) -> bool:
    return _JSON.match(text) is not None


def _parse(text: str, limits: Limits) -> ParsedDump:
    return move_common_day(parse_papers(text, limits, NAME, LINES))


FORMAT = Format(NAME, _recognises, _parse)
