"""Fetch the papers of the days whose feed was missed, from arXiv's API.

Its pages are sometimes empty although `totalResults` says that there is more. Such a page is requested again.
https://info.arxiv.org/help/api/user-manual.html
"""

from __future__ import annotations

from datetime import date

from notifier.config import SourceConfig
from notifier.fetching.client import Response, Validators
from notifier.fetching.preset_interface import Document, Getter
from notifier.fetching.presets.arxiv_days import submission_window
from notifier.fetching.presets.service_urls import pause_of, service_url
from notifier.fetching.presets.single import refuse_error_feed
from notifier.fetching.responses import element_text, unexpected_response
from notifier.fetching.xml_pages import records_by_id, with_records

BASE = "https://export.arxiv.org"
PAGE = 200  # entries
MAX_FAULTS = 4  # requests for one page, if it has no new entry although there should be more
PAUSE = 3.0  # seconds, as the terms of use ask
# Archives that are divided into categories. In the archives of the second line, old papers are in no category.
_DIVIDED = ("cs", "econ", "eess", "math", "nlin", "physics", "q-bio", "q-fin", "stat")
_PARTLY_DIVIDED = ("astro-ph", "cond-mat")


def day_document(source: SourceConfig, client: Getter, day: date) -> Document:
    """Return the papers that arXiv announced for a listing day: those submitted in the time that belongs to the day.

    Raises FetchError if there are fewer entries than the service says. A day without any entry is requested several
    times too.
    """
    entries: dict[bytes, bytes] = {}
    first = b""
    total = start = faults = 0
    while True:
        response = client.get(_url(source, day, start), accept="application/atom+xml", pause=pause_of(source, PAUSE))
        refuse_error_feed(response)
        page = records_by_id(response.body, "entry", "id")
        total = max(total, _total(response))
        first = first if entries else response.body
        is_new = not page.keys() <= entries.keys()
        entries.update(page)
        start, faults = (start + len(page), 0) if is_new else (start, faults + 1)
        if total and faults == MAX_FAULTS:
            raise unexpected_response(response, f"sent {start} of {total} entries for {day}, and then empty pages")
        if faults == MAX_FAULTS or (total and start >= total):
            break
    body = with_records(first, "entry", list(entries.values()))
    return Document(_url(source, day, 0), f"{day}.xml", body, day, Validators(), stated=total)


def _total(response: Response) -> int:
    text = element_text(response.body, "totalResults")
    if not text.isdecimal() or len(text) > 9:
        raise unexpected_response(response, "sent no number of results")
    return int(text)


def _url(source: SourceConfig, day: date, start: int) -> str:
    first, last = (f"{each:%Y%m%d%H%M}" for each in submission_window(day))
    categories = " OR ".join(f"cat:{_pattern(category)}" for category in source.categories)
    query: dict[str, str | int] = {
        "search_query": f"({categories}) AND submittedDate:[{first} TO {last}]",
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
        "start": start,
        "max_results": PAGE,
    }
    return service_url(source, BASE, "/api/query", query)


def _pattern(category: str) -> str:
    if category in _DIVIDED:
        return f"{category}.*"
    return f"{category}*" if category in _PARTLY_DIVIDED else category
