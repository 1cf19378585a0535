"""Count the papers of a day on arXiv's listing pages.

The page of a category, such as https://arxiv.org/list/cs.LG/new, shows the papers of the latest day and, at its top,
their number. The feed of that day should have the same number.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from notifier.config import SourceConfig
from notifier.errors import FetchError
from notifier.fetching.preset_interface import Getter
from notifier.fetching.presets.service_urls import pause_of, service_url

BASE = "https://arxiv.org"
PAUSE = 15.0  # seconds, as its robots.txt asks
MAX_CATEGORIES = 8  # each needs a request; with more categories, papers are not counted
_DAY = re.compile(r"Showing\s+new\s+listings\s+for\s+[A-Za-z]{3,9},?\s+(\d{1,2}\s+[A-Za-z]{3,9}\s+\d{4})")
_TOTAL = re.compile(r"Total\s+of\s+([\d,]{1,9})\s+entries", re.IGNORECASE)
_PAPER = re.compile(r"/abs/([a-z0-9./-]{5,40}?)(?:v\d{1,3})?[\"']", re.IGNORECASE)


def number_on_listing_pages(source: SourceConfig, client: Getter, day: date) -> int | None:
    """Return the number of papers that the listing pages of the source's categories show for a day.

    A paper that is in several categories counts once. If a page does not show all of its papers, the result is the
    largest number of one category, which is a lower bound. Returns None if the pages cannot be fetched or show another
    day.
    """
    if len(source.categories) > MAX_CATEGORIES:
        return None
    papers: set[str] = set()
    totals = []
    for category in source.categories:
        url = service_url(source, BASE, f"/list/{category}/new")
        try:
            response = client.get(url, accept="text/html", pause=pause_of(source, PAUSE))
        except FetchError:
            return None
        page = response.body.decode("utf-8", "replace")
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
