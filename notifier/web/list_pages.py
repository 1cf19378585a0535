"""Read a page of the papers of a period, and of the trending papers; and show a page of any list.

The mark of a further page of a period names the dump that was the newest when the first page was shown, and the last
paper of the page before. So no page repeats a paper or misses one while papers arrive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from fastapi import Request, Response

from notifier.models import Subscriber
from notifier.store import dumps, paper_lists, papers, pins, reading
from notifier.store.paper_lists import Continuation, ListedPaper
from notifier.web.conditional import conditional
from notifier.web.guards import scripted
from notifier.web.list_orders import PageMark, PageRequest, numbers_of
from notifier.web.list_periods import Period
from notifier.web.paper_cards import PaperCard, paper_card, pinned_card
from notifier.web.rankings import PER_PAGE, RankingFunctions, read_ranked_page
from notifier.web.reaction_rows import Counted, ReactionRow, ShownPaper, path_of, reaction_rows
from notifier.web.site import Site, page, signed_in

UNKNOWN = -1  # upvotes or a place in a mark


@dataclass(frozen=True, slots=True)
class ListPage:
    """The cards of one page of a list, and the URL of the next page; empty if this is the last page."""

    cards: list[PaperCard]
    more: str


def read_page(site: Site, period: Period, page_request: PageRequest) -> ListPage | None:
    """Return the requested page of the papers of a period; None if the mark in its URL is not valid.

    The papers that are pinned to a day come first on its first page.
    """
    start = None if page_request.is_first else _continuation(page_request.after)
    if start is None and not page_request.is_first:
        return None
    with reading(site.engine) as connection:
        dump_id = start.dump_id if start else dumps.newest_id(connection)
        found = paper_lists.list_between(
            connection, (period.first, period.last), page_request.order, PER_PAGE + 1, start
        )
        shown = found[:PER_PAGE]
        pinned = pins.on_day(connection, period.first) if period.kind == "date" and start is None else {}
        stored = papers.papers_by_id(connection, [*pinned, *(each.paper_id for each in shown)])
    cards = [pinned_card(site, stored[paper_id], pin) for paper_id, pin in pinned.items()]
    cards += [paper_card(site, stored[each.paper_id], each.day, each.upvotes) for each in shown]
    return ListPage(cards, page_request.following(_mark(dump_id, shown[-1]) if len(found) > PER_PAGE else None))


def read_trending_page(site: Site, page_request: PageRequest) -> ListPage | None:
    """Return the requested page of the trending papers; None if the mark in its URL is not valid.

    Each card shows the newest listing day of its paper, because the trending scores depend on that day.
    """
    now = site.clock()
    newest = site.trending.get(site.engine, now)
    with reading(site.engine) as connection:
        trending = RankingFunctions(
            rank=lambda until_id: [each for each in newest.ids if each <= until_id],
            read=lambda block: papers.shown_papers_by_id(connection, block),
        )
        found = read_ranked_page(site.rankings, connection, page_request, now, trending)
        if found is None:
            return None
        days = paper_lists.newest_days(connection, [paper.id for paper in found.papers], newest.until)
    cards = [paper_card(site, paper, days.get(paper.id), paper.upvotes) for paper in found.papers]
    return ListPage(cards, page_request.following(found.following))


def list_response(  # noqa: PLR0913
    site: Site,
    request: Request,
    name: str,
    visitor: Subscriber | None,
    *,
    cards: Sequence[PaperCard],
    more: str,
    **values: object,
) -> Response:
    """Show a page of a list, or only its cards and the link to the next page if htmx asks for them.

    If there is a next page, or a visitor who may vote, the response allows a script of this site, which loads the next
    page in place, and stores votes.
    """
    reactions = reaction_rows_of(site, request, visitor, cards)
    shared = {**signed_in(site, visitor), "cards": cards, "more": more, "reactions": reactions}
    is_part = "hx-request" in request.headers
    shown = page(site, "more_papers" if is_part else name, HTTPStatus.OK, **shared, **values)
    answer = conditional(request, shown)
    if more or reactions:
        answer = scripted(answer)
    answer.headers["Vary"] = "HX-Request"
    return answer


def reaction_rows_of(
    site: Site, request: Request, visitor: Subscriber | None, cards: Sequence[PaperCard]
) -> Mapping[int, ReactionRow]:
    """Return the buttons of the papers of a list by id, if the visitor may vote; they lead back to this page."""
    shown = [ShownPaper(card.paper_id, card.key, card.plain_title, Counted(card.upvotes)) for card in cards]
    return reaction_rows(site, visitor, shown, path_of(request))


def _mark(dump_id: int, last: ListedPaper) -> PageMark:
    upvotes, place = (UNKNOWN if value is None else value for value in (last.upvotes, last.place))
    return dump_id, last.votes, upvotes, place, last.day.toordinal(), last.paper_id


def _continuation(mark: str) -> Continuation | None:
    numbers = numbers_of(mark, 6)
    if numbers is None:
        return None
    dump_id, votes, upvotes, place, day, paper_id = numbers
    if not 1 <= day <= date.max.toordinal() or max(votes, upvotes, place) >= paper_lists.NO_PLACE:
        return None
    known_upvotes, position = (None if value == UNKNOWN else value for value in (upvotes, place))
    return Continuation(dump_id, ListedPaper(paper_id, known_upvotes, position, date.fromordinal(day), votes))
