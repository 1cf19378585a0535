"""What arXiv's listing pages say about the number of papers of a day.

The page of a category, such as https://arxiv.org/list/cs.LG/new, shows the papers of the latest day, and their number
at its top. The feed of the day should have as many.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching.document import Getter
from notifier.fetching.presets.addresses import pause_of, service_url

BASE = "https://arxiv.org"
PAUSE = 15.0  # seconds; its robots.txt asks for this delay
MOST_CATEGORIES = 8  # each costs a request; with more categories, the number is not asked for
_DAY = re.compile(r"Showing\s+new\s+listings\s+for\s+[A-Za-z]{3,9},?\s+(\d{1,2}\s+[A-Za-z]{3,9}\s+\d{4})")
_TOTAL = re.compile(r"Total\s+of\s+([\d,]{1,9})\s+entries", re.IGNORECASE)
_PAPER = re.compile(r"/abs/([a-z0-9./-]{5,40}?)(?:v\d{1,3})?[\"']", re.IGNORECASE)


def told_number(source: SourceConfig, client: Getter, day: date) -> int | None:
    """Return the number of papers that the listing pages of the source's categories show for a day.

    A paper that is in several categories counts once. If a page does not show all of its papers, the result is the
    largest number of one category, which the feed must have at least. Returns None if the pages cannot be had, or show
    another day: then there is nothing to compare.
    """
    if len(source.categories) > MOST_CATEGORIES:
        return None
    papers: set[str] = set()
    totals = []
    for category in source.categories:
        url = service_url(source, BASE, f"/list/{category}/new")
        try:
            reply = client.get(url, accept="text/html", pause=pause_of(source, PAUSE))
        except FetchError:
            return None
        page = reply.body.decode("utf-8", "replace")
        total = _TOTAL.search(page)
        if total is None or _day(page) != day:
            return None
        shown = {found.lower() for found in _PAPER.findall(page)}
        totals.append((int(total[1].replace(",", "")), len(shown)))
        papers |= shown
    if all(total == shown for total, shown in totals):
        return len(papers)
    return max(total for total, _ in totals)


def _day(page: str) -> date | None:
    """Return the day of a listing page."""
    found = _DAY.search(page)
    for form in ("%d %B %Y", "%d %b %Y"):
        try:
            return datetime.strptime(" ".join(found[1].split()), form).date() if found else None
        except ValueError:
            continue
    return None
