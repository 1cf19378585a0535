"""Parse the answers of the daily papers API, in all forms in which they are archived.

An answer is an array, an object with an array inside, or one entry per line. Entries may have the paper in a member
`paper`, be papers themselves, be search results, or be strings that hold an entry in JSON or Python syntax. They may
also be given as the columns of a table. The listing day of an entry is its `submittedOnDailyAt`; its `publishedAt` is
not used.
"""

from __future__ import annotations

import re
from dataclasses import replace

from notifier.config import Limits
from notifier.models import DAILY_PAPERS, Listing, ParsedDump
from notifier.sources.format import DAILY, Format
from notifier.sources.json.papers import parse_papers

NAME = DAILY_PAPERS

_SAMPLE = 1 << 16  # the keys below must be within this many characters of the beginning
_DAILY_KEY = re.compile(
    r"[\"'](?:paper\\?[\"']\s*:\s*\{|(?:submittedOnDailyAt|discussionId|ai_summary|ai_keywords|numComments)\\?[\"'])"
)
# Many lists of papers have such a key; in a daily list, there are upvotes too.
_ID_KEY = re.compile(
    r"[\"'](?:paper[_.]id|paperId)\\?[\"']"
    r"(?!\s*:\s*[\"'][0-9a-f]{40}[\"'])"  # such a paperId is one of Semantic Scholar
)
_UPVOTES_KEY = re.compile(r"[\"'](?:paper[_.])?upvotes\\?[\"']")


def _recognises(text: str) -> bool:
    if text.lstrip("\ufeff\x00 \t\r\n")[:1] not in ("[", "{"):
        return False
    if _DAILY_KEY.search(text, 0, _SAMPLE):
        return True
    return bool(_ID_KEY.search(text, 0, _SAMPLE) and _UPVOTES_KEY.search(text, 0, _SAMPLE))


def _parse(text: str, limits: Limits) -> ParsedDump:
    dump = parse_papers(text, limits, NAME, DAILY)
    return replace(dump, listings=tuple(replace(listing, page=_page_url(listing)) for listing in dump.listings))


def _page_url(listing: Listing) -> str | None:
    return listing.arxiv_id and f"https://huggingface.co/papers/{listing.arxiv_id}"


FORMAT = Format(NAME, _recognises, _parse)
