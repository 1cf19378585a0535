"""arXiv's API, for the days whose feed was missed.

Its pages are sometimes empty although `totalResults` says that there is more. Such a page is asked for again.
https://info.arxiv.org/help/api/user-manual.html
"""

from __future__ import annotations

from datetime import date

from notifier.config import SourceConfig
from notifier.fetching.client import Reply, Validators
from notifier.fetching.document import Document, Getter
from notifier.fetching.presets.addresses import pause_of, service_url
from notifier.fetching.presets.arxiv_days import submitted
from notifier.fetching.presets.single import refuse_error_feed
from notifier.fetching.replies import element_text, wrong
from notifier.fetching.xml_pages import records_by_id, with_records

BASE = "https://export.arxiv.org"
PAGE = 200  # entries
MOST_FAULTS = 4  # how often a page is asked for that has nothing new although there should be more entries
PAUSE = 3.0  # seconds, as the terms of use ask
# Archives that are divided into categories; in those of the second line, old papers are in no category.
_DIVIDED = ("cs", "econ", "eess", "math", "nlin", "physics", "q-bio", "q-fin", "stat")
_PARTLY_DIVIDED = ("astro-ph", "cond-mat")


def day_document(source: SourceConfig, client: Getter, day: date) -> Document:
    """Return the papers that arXiv announced for a listing day, as far as the time of their submission tells it.

    Raises FetchError if there are fewer entries than the service says. A day without any entry is asked for several
    times too.
    """
    entries: dict[bytes, bytes] = {}
    first = b""
    total = start = faults = 0
    while True:
        reply = client.get(_url(source, day, start), accept="application/atom+xml", pause=pause_of(source, PAUSE))
        refuse_error_feed(reply)
        page = records_by_id(reply.body, "entry", "id")
        total = max(total, _total(reply))
        first = first if entries else reply.body
        is_new = not page.keys() <= entries.keys()
        entries.update(page)
        start, faults = (start + len(page), 0) if is_new else (start, faults + 1)
        if total and faults == MOST_FAULTS:
            raise wrong(reply, f"sent {start} of {total} entries for {day}, and then empty pages")
        if faults == MOST_FAULTS or (total and start >= total):
            break
    body = with_records(first, "entry", list(entries.values()))
    return Document(_url(source, day, 0), f"{day}.xml", body, day, Validators(), told=total)


def _total(reply: Reply) -> int:
    text = element_text(reply.body, "totalResults")
    if not text.isdecimal() or len(text) > 9:
        raise wrong(reply, "answered without the number of results")
    return int(text)


def _url(source: SourceConfig, day: date, start: int) -> str:
    first, last = (f"{each:%Y%m%d%H%M}" for each in submitted(day))
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
