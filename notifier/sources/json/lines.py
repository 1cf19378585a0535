"""JSON lines: one paper a line, from anyone; also an array of them, or an object around that.

    {"id": "2607.00001", "title": "...", "abstract": "...", "authors": ["..."], "categories": ["cs.LG"],
     "url": "https://...", "date": "2026-07-06", "upvotes": 12}

Only the title is needed. `date` is the listing day; a paper's own days are `published` and `updated`.
"""

from __future__ import annotations

import re

from notifier.config import Limits
from notifier.models import ParsedDump
from notifier.sources.format import LINES, Format
from notifier.sources.json import papers as json_papers

NAME = "JSON lines"

_JSON = re.compile(r"[\s\ufeff\x00]*(?:\{\s*(?:[\"'}]|$)|\[\s*(?:[\[\]{\"']|-?\d[\d.eE+-]*\s*[,\]](?!\()|$))")


def _recognises(text: str) -> bool:
    return _JSON.match(text) is not None


def _parse(text: str, limits: Limits) -> ParsedDump:
    return json_papers.one_day(json_papers.parse(text, limits, NAME, LINES))


FORMAT = Format(NAME, _recognises, _parse)
