"""Daily papers JSON: what the daily papers API answers, and what archives of it have made of that.

An array, or an object around it, or lines; entries with the paper inside, papers alone, search results, strings that
Python printed, or the columns of a table. A listing's day is `submittedOnDailyAt`; the `publishedAt` of the entry is
not.
"""

from __future__ import annotations

import re
from dataclasses import replace

from notifier.config import Limits
from notifier.models import Listing, ParsedDump
from notifier.sources.format import DAILY, Format
from notifier.sources.json import papers as json_papers

NAME = "daily papers JSON"

_SAMPLE = 1 << 16  # characters
_OWN_KEYS = re.compile(
    r"[\"'](?:paper\\?[\"']\s*:\s*\{|(?:paper[_.]id|paperId|submittedOnDailyAt|discussionId|ai_summary|ai_keywords"
    r"|numComments)\\?[\"'])"
)


def _recognises(text: str) -> bool:
    return text.lstrip("\ufeff\x00 \t\r\n")[:1] in ("[", "{") and _OWN_KEYS.search(text, 0, _SAMPLE) is not None


def _parse(text: str, limits: Limits) -> ParsedDump:
    dump = json_papers.parse(text, limits, NAME, DAILY)
    return replace(dump, listings=tuple(replace(each, page=_page(each)) for each in dump.listings))


def _page(listing: Listing) -> str | None:
    return listing.arxiv_id and f"https://huggingface.co/papers/{listing.arxiv_id}"


FORMAT = Format(NAME, _recognises, _parse)
