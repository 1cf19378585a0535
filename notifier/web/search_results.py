"""Read a page of the papers that a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from notifier import matching
from notifier.models import ListOrder, Paper
from notifier.queries import Query
from notifier.search import (
    RANKED,
    RELEVANT,
    Search,
    count_by_day,
    count_few,
    find_newest,
    matching_papers,
    rank_by_relevance,
    rank_by_trend,
)
from notifier.store.hidden_papers import without_hidden
from notifier.store.proposals import MAX_KEY, listing_day
from notifier.web.list_orders import PageMark, PageRequest, numbers_of
from notifier.web.paper_cards import PaperCard, paper_card
from notifier.web.previews import volume
from notifier.web.rankings import PER_PAGE, RankingFunctions, read_ranked_page
from notifier.web.site import Site
from notifier.web.weekly_plot import WeeklyPlot, first_day, weekly_plot

ORDERS = (ListOrder.NEWEST, ListOrder.TRENDING, ListOrder.RELEVANCE)  # the first is the usual one
MOST_RANKED = {ListOrder.TRENDING: RANKED, ListOrder.RELEVANCE: RELEVANT}
EXAMINED = 2_000  # the most papers that one request examines; this takes about a third of a second
WEEKS_OF_VOLUME = 4
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SearchResults:
    """The cards of one page of a search.

    `number` says how many papers the query matches, such as `12 papers` or `more than 30 papers`; it is empty on
    further pages. `volume` is a phrase such as `about 5 a week`, or empty. `more` is the URL of the next page, or
    empty. If the search stopped before the page was full, `examined_until` is the listing day to which papers were
    examined. `ranked` is how many papers were ranked, if this is the last page and others may match; otherwise it is 0.
    """

    cards: Sequence[PaperCard]
    number: str
    volume: str
    plot: WeeklyPlot | None
    more: str
    examined_until: date | None
    ranked: int


@dataclass(frozen=True, slots=True)
class _FoundPage:
    """The papers of a page, the mark of the next one, and the listing day where the search has stopped.

    `ranked` is how many papers were ranked, if there are others that may match.
    """

    papers: Sequence[Paper]
    following: PageMark | None
    examined_until: date | None = None
    ranked: int = 0

    @property
    def is_end(self) -> bool:
        """Whether no paper after those of this page matches."""
        return self.following is None and not self.ranked


def read_results(site: Site, connection: Connection, page_request: PageRequest, query: Query) -> SearchResults | None:
    """Return the requested page of the search; None if the mark in its URL is not valid."""
    today = site.clock().date()
    find = _newest if page_request.order is ListOrder.NEWEST else _ranked
    found = find(site, connection, page_request, query)
    if found is None:
        return None
    per_day = count_by_day(connection, query) if page_request.is_first else None
    cards = [paper_card(site, each, upvotes=each.upvotes, marks=matching.spans(query, each)) for each in found.papers]
    return SearchResults(
        cards,
        _number(connection, query, found, per_day) if page_request.is_first else "",
        _volume(per_day, today),
        _plot(per_day),
        page_request.following(found.following),
        found.examined_until,
        0 if found.following else found.ranked,
    )


def _newest(_site: Site, connection: Connection, page_request: PageRequest, query: Query) -> _FoundPage | None:
    """Return the requested page, newest listing day first. The mark is the search key of the last paper before it."""
    below = (MAX_KEY,) if page_request.is_first else numbers_of(page_request.after, 1)
    if below is None:
        return None
    found = find_newest(connection, Search(query, max_examined=EXAMINED), PER_PAGE + 1, *below)
    shown = [each.paper for each in found.papers[:PER_PAGE]]
    if len(found.papers) > PER_PAGE:
        return _FoundPage(shown, (found.papers[PER_PAGE - 1].key,))
    rest = found.rest_below
    return _FoundPage(shown, None) if rest is None else _FoundPage(shown, (rest,), listing_day(rest))


def _ranked(site: Site, connection: Connection, page_request: PageRequest, query: Query) -> _FoundPage | None:
    """Return the requested page, with the best scores or the most relevant papers first."""
    search, now = Search(query), site.clock()

    def rank(until_id: int) -> Sequence[int]:
        if page_request.order is ListOrder.TRENDING:
            return rank_by_trend(connection, search, now.date(), until_id)
        return rank_by_relevance(connection, search, until_id)

    ranked = RankingFunctions(rank, lambda ids: without_hidden(connection, matching_papers(connection, query, ids)))
    found = read_ranked_page(site.rankings, connection, page_request, now, ranked)
    if found is None:
        return None
    is_cut = found.ranked >= MOST_RANKED[page_request.order]
    return _FoundPage(found.papers, found.following, ranked=found.ranked if is_cut else 0)


def _number(connection: Connection, query: Query, found: _FoundPage, per_day: dict[date, int] | None) -> str:
    """Return how many papers the query matches, such as `12 papers`; if that is not known, `more than 30 papers`.

    If the search stopped early, other matches are uncertain: `at least 30 papers`, or nothing if it has found none.
    """
    if per_day is not None:
        return _papers(sum(per_day.values()))
    if found.is_end:
        return _papers(len(found.papers))
    number = count_few(connection, Search(query))
    if number is not None:
        return _papers(number)
    if not found.papers:
        return ""
    return (
        f"{'at least' if found.following is None or found.examined_until else 'more than'} {_papers(len(found.papers))}"
    )


def _papers(number: int) -> str:
    return f"{number:,} paper{'' if number == 1 else 's'}"


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
