"""Read a page of a list of papers, and the token in the URL with which its next page begins.

A token names the newest dump at the first page, and the last paper that was shown, so that no page repeats a paper or
misses one while papers arrive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from notifier.search import Trending
from notifier.store import dumps, paper_lists, papers, reading
from notifier.store.paper_lists import Continuation, ListedPaper, ListOrder
from notifier.web.list_periods import Period
from notifier.web.paper_cards import PaperCard, paper_card
from notifier.web.site import Site

PER_PAGE = 30
KEPT_RANKINGS = 4  # of earlier dumps, for those who are reading on

_NUMBER = r"([0-9]{1,18})"
_SMALL = r"([0-9]{1,9}|-)"
_TOKEN = re.compile(rf"{_NUMBER}\.{_SMALL}\.{_SMALL}\.([0-9]{{1,7}})\.{_NUMBER}")
_TRENDING_TOKEN = re.compile(rf"{_NUMBER}\.{_NUMBER}")


@dataclass(frozen=True, slots=True)
class ListPage:
    """The cards of one page of a list, and the token of the next page; empty if this is the last page."""

    cards: list[PaperCard]
    more: str


def read_page(site: Site, period: Period, order: ListOrder, token: str) -> ListPage | None:
    """Return a page of the papers of a period; the first one without a token, and None for a broken token."""
    start = _continuation(token) if token else None
    if token and start is None:
        return None
    with reading(site.engine) as connection:
        dump_id = start.dump_id if start else dumps.newest_id(connection)
        found = paper_lists.list_between(connection, (period.first, period.last), order, PER_PAGE + 1, start)
        shown = found[:PER_PAGE]
        stored = papers.papers_by_id(connection, [each.paper_id for each in shown])
    cards = [paper_card(site, stored[each.paper_id], each.day, each.upvotes) for each in shown]
    return ListPage(cards, _token(Continuation(dump_id, shown[-1])) if len(found) > PER_PAGE else "")


def read_trending_page(site: Site, token: str) -> ListPage | None:
    """Return a page of the trending papers; the first one without a token, and None for a token that leads nowhere."""
    place = _trending_place(site, token)
    if place is None:
        return None
    trending, begin = place
    ids = trending.ids[begin : begin + PER_PAGE]
    with reading(site.engine) as connection:
        stored = papers.papers_by_id(connection, ids)
    cards = [paper_card(site, stored[each], upvotes=stored[each].upvotes) for each in ids if each in stored]
    has_more = begin + PER_PAGE < len(trending.ids)
    return ListPage(cards, f"{trending.dump_id}.{ids[-1]}" if has_more else "")


def _trending_place(site: Site, token: str) -> tuple[Trending, int] | None:
    """Return the ranking that a token names, or else the current one, and the place in it that follows the paper."""
    current = site.trending.get(site.engine, site.clock())
    site.rankings[current.dump_id] = current
    for old in sorted(site.rankings)[:-KEPT_RANKINGS]:
        site.rankings.pop(old, None)
    if not token:
        return current, 0
    named = _TRENDING_TOKEN.fullmatch(token)
    if named is None:
        return None
    trending, paper_id = site.rankings.get(int(named[1]), current), int(named[2])
    return (trending, trending.ids.index(paper_id) + 1) if paper_id in trending.ids else None


def _token(start: Continuation) -> str:
    after = start.after
    votes, place = ("-" if value is None else value for value in (after.upvotes, after.place))
    return f"{start.dump_id}.{votes}.{place}.{after.day.toordinal()}.{after.paper_id}"


def _continuation(token: str) -> Continuation | None:
    found = _TOKEN.fullmatch(token)
    if found is None or not 1 <= int(found[4]) <= date.max.toordinal():
        return None
    votes, place = (None if value == "-" else int(value) for value in found.group(2, 3))
    after = ListedPaper(int(found[5]), votes, place, date.fromordinal(int(found[4])))
    return Continuation(int(found[1]), after)
