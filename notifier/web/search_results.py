"""Read a page of the papers that a search finds, and make the links to its next page and to its other orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from sqlalchemy import Connection

from notifier import matching
from notifier.models import Paper
from notifier.queries import Query
from notifier.search import Page, Search, count_by_day, find_newest, find_relevant, find_trending
from notifier.store import papers
from notifier.store.proposals import MAX_KEY, listing_day
from notifier.web.forms import Form
from notifier.web.paper_cards import PaperCard, paper_card
from notifier.web.previews import volume
from notifier.web.site import Site
from notifier.web.weekly_plot import WeeklyPlot, first_day, weekly_plot

PER_PAGE = 30
EXAMINED = 2_000  # the most papers that one request examines; this takes about a third of a second
MAX_SKIP = 1_000  # ranked searches end after so many papers
WEEKS_OF_VOLUME = 4
ONE_DAY = timedelta(days=1)


class SearchOrder(StrEnum):
    """The orders in which a search can show its papers; the values are part of URLs."""

    NEWEST = "newest"
    TRENDING = "trending"
    RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class AskedSearch:
    """The query of a search, as typed, and the page that is asked for.

    A page of the newest papers begins below a search key. A page of another order begins after the first `skip` papers
    of those whose ids are at most `until`, so that papers that arrive meanwhile move no others to another page.
    """

    text: str
    order: SearchOrder = SearchOrder.NEWEST
    below: int = MAX_KEY
    skip: int = 0
    until: int = 0

    @property
    def is_first(self) -> bool:
        """Whether the first page is asked for."""
        return self.below == MAX_KEY and not self.skip

    def url(self, **changes: object) -> str:
        """Return the query string of the URL of this search, or of another page or order of it."""
        return urlencode({"q": self.text, "order": self.order.value, **changes})


@dataclass(frozen=True, slots=True)
class SearchResults:
    """The cards of one page of a search.

    `count` is the number of papers that the query matches, or None if it is not known without examining too many.
    `volume` is a phrase such as `about 5 a week`, or empty. `more` is the query string of the next page, or empty.
    `examined_until` is the listing day to which papers were examined, if the page has fewer papers because of that.
    """

    cards: Sequence[PaperCard]
    count: int | None
    volume: str
    plot: WeeklyPlot | None
    more: str
    examined_until: date | None


def asked_search(form: Form) -> AskedSearch:
    """Return the search that the fields of a URL ask for; fields that make no sense are ignored."""
    order = form.one("order")
    return AskedSearch(
        form.one("q"),
        SearchOrder(order) if order in list(SearchOrder) else SearchOrder.NEWEST,
        _number(form.one("below"), MAX_KEY, MAX_KEY),
        _number(form.one("skip"), MAX_SKIP, 0),
        _number(form.one("until"), MAX_KEY, 0),
    )


def read_results(site: Site, connection: Connection, asked: AskedSearch, query: Query) -> SearchResults:
    """Return the page of the search that is asked for."""
    today = site.clock().date()
    found, more, examined_until = _read_page(connection, asked, query, today)
    per_day = count_by_day(connection, query) if asked.is_first else None
    count = sum(per_day.values()) if per_day is not None else None
    if asked.is_first and not more:
        count = len(found)
    return SearchResults(
        [paper_card(site, paper, upvotes=paper.upvotes, marks=matching.spans(query, paper)) for paper in found],
        count,
        _volume(per_day, today),
        _plot(per_day),
        more,
        examined_until,
    )


def _read_page(
    connection: Connection, asked: AskedSearch, query: Query, today: date
) -> tuple[Sequence[Paper], str, date | None]:
    """Return the papers of a page, the query string of the next one, and the day where the search has stopped."""
    search = Search(query, examined=EXAMINED)
    if asked.order is SearchOrder.NEWEST:
        newest = find_newest(connection, search, PER_PAGE, asked.below)
        below = newest.rest_below
        stopped = below is not None and len(newest.papers) < PER_PAGE
        return (
            [each.paper for each in newest.papers],
            asked.url(below=below) if below is not None else "",
            listing_day(below) if below is not None and stopped else None,
        )
    until = asked.until or papers.newest_id(connection)
    page = Page(PER_PAGE + 1, asked.skip, until)
    if asked.order is SearchOrder.TRENDING:
        found = find_trending(connection, search, page, today)
    else:
        found = find_relevant(connection, search, page)
    more = asked.url(skip=asked.skip + PER_PAGE, until=until) if len(found) > PER_PAGE else ""
    return found[:PER_PAGE], more, None


def _volume(per_day: dict[date, int] | None, today: date) -> str:
    since = today - timedelta(weeks=WEEKS_OF_VOLUME)
    recent = sum(papers for day, papers in (per_day or {}).items() if day > since)
    return volume(recent / WEEKS_OF_VOLUME)


def _plot(per_day: dict[date, int] | None) -> WeeklyPlot | None:
    if not per_day:
        return None
    until = max(per_day)
    since = first_day(min(per_day), until)
    return weekly_plot({day: papers for day, papers in per_day.items() if day >= since}, since, until)


def _number(text: str, most: int, default: int) -> int:
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < len(str(MAX_KEY)) else default
