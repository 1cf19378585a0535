"""Read which papers are listed on a day or in a period, page by page.

The replacement of an arXiv paper by a new version does not count as a listing here, because it announces no new paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from notifier.models import RANKED_FORMATS, Announce, ListOrder
from notifier.store.hidden_papers import is_not_hidden
from notifier.store.statements import batches
from notifier.store.tables import dump, listing, paper, pin, vote

UNKNOWN = -1  # in place of unknown upvotes, to put such papers last
NO_PLACE = 2**31 - 1  # in place of the position of a paper that is in no ranked list, to put it last
REPLACEMENTS = (Announce.REPLACE, Announce.REPLACE_CROSS)


@dataclass(frozen=True, slots=True)
class ListedPaper:
    """A paper in a list, with the values by which the list is ordered.

    All are taken from the paper's listings on the days of the list: `upvotes` are its most upvotes, `place` is its best
    position in a ranked list, and `day` is its newest listing day.
    `votes` are those of this service, and 0 in a list that does not go by them.
    """

    paper_id: int
    upvotes: int | None
    place: int | None
    day: date
    votes: int = 0


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a page of a list begins: after this paper, among the listings of the dumps up to `dump_id`.

    Papers that came in later are left out, so that no page repeats a paper or misses one. Only a paper whose votes
    change meanwhile may be on two pages, or on none.
    """

    dump_id: int
    after: ListedPaper


def count_by_day(connection: Connection, until: date) -> dict[date, int]:
    """Return the number of papers that are listed on each day up to `until`, the oldest day first."""
    row = listing.c
    counted = select(row.listed_on, func.count(row.paper_id.distinct())).where(row.listed_on <= until, _is_announced())
    return dict(connection.execute(counted.group_by(row.listed_on).order_by(row.listed_on)).all())


def count_between(connection: Connection, first: date, last: date) -> int:
    """Return the number of different papers that are listed on these days."""
    counted = select(func.count(listing.c.paper_id.distinct())).where(_is_between(first, last), _is_announced())
    return connection.scalar(counted) or 0


def list_between(
    connection: Connection,
    days: tuple[date, date],
    order: ListOrder,
    limit: int,
    start: Continuation | None = None,
) -> list[ListedPaper]:
    """Return at most `limit` of the papers listed from the first to the last of `days`, each once, in this order.

    The order TRENDING goes by the papers' votes, and then by the upvotes and places of these listings. A list of one
    day leaves out the papers that are pinned to this day, because they come before it.
    """
    row = listing.c
    wanted = [_is_between(*days), _is_announced()]
    if start:
        wanted.append(row.dump_id <= start.dump_id)
    if days[0] == days[1]:
        wanted.append(row.paper_id.not_in(select(pin.c.paper_id).where(pin.c.day == days[0], pin.c.has_begun)))
    found = (
        select(
            row.paper_id,
            func.coalesce(func.max(row.upvotes), UNKNOWN).label("upvotes"),
            func.coalesce(func.min(_place()), NO_PLACE).label("place"),
            func.max(row.listed_on, type_=Date).label("day"),
        )
        .where(*wanted)
        .group_by(row.paper_id)
        .subquery()
    )
    statement = _by_trending(found, start) if order is ListOrder.TRENDING else _by_newest(found.c, start)
    return [
        ListedPaper(
            each.paper_id,
            None if each.upvotes == UNKNOWN else each.upvotes,
            None if each.place == NO_PLACE else each.place,
            each.day,
            getattr(each, "votes", 0),
        )
        for each in connection.execute(statement.limit(limit))
    ]


def newest_day(connection: Connection, until: date) -> date | None:
    """Return the newest day up to `until` on which a paper is listed; None if there is none."""
    newest = select(func.max(listing.c.listed_on)).where(listing.c.listed_on <= until, _is_announced())
    found: date | None = connection.scalar(newest)
    return found


def newest_days(connection: Connection, ids: Sequence[int], until: date) -> dict[int, date]:
    """Return the newest day up to `until` on which each of these papers is listed; papers without one are left out."""
    row = listing.c
    listed = select(row.paper_id, func.max(row.listed_on, type_=Date)).where(row.listed_on <= until, _is_announced())
    found: dict[int, date] = {}
    for batch in batches(ids):
        found.update(connection.execute(listed.where(row.paper_id.in_(batch)).group_by(row.paper_id)).all())
    return found


def keys_listed_between(connection: Connection, first: date, last: date, limit: int) -> dict[int, str]:
    """Return the keys of at most `limit` papers that are listed on these days, by id.

    Papers with upvotes or in ranked lists come first, and then those with the newest listings.
    """
    row = listing.c
    counts = case((or_(row.upvotes.is_not(None), _place().is_not(None)), 1), else_=0)
    statement = (
        select(paper.c.id, paper.c.key)
        .join(listing, row.paper_id == paper.c.id)
        .where(_is_between(first, last), _is_announced())
        .group_by(paper.c.id, paper.c.key)
        .order_by(func.max(counts).desc(), func.max(row.listed_on).desc(), paper.c.id)
        .limit(limit)
    )
    return dict(connection.execute(statement).all())


def keys_between(connection: Connection, first: int, last: int) -> list[str]:
    """Return the keys of the papers whose ids are in this range and that are not hidden, by id."""
    wanted = paper.c.id.between(first, last) & is_not_hidden(paper.c.id)
    return list(connection.scalars(select(paper.c.key).where(wanted).order_by(paper.c.id)))


def _by_trending(found: Subquery, start: Continuation | None) -> Select[Any]:
    """Return the papers with the most votes first, then those with the most upvotes, the best places, the oldest rows.

    The votes are counted, because to read their number from the papers would take long for the papers of a month.
    """
    counted = select(vote.c.paper_id, func.count().label("votes")).group_by(vote.c.paper_id).subquery()
    votes = func.coalesce(counted.c.votes, 0)
    order = (-votes, -found.c.upvotes, found.c.place, found.c.paper_id)
    statement = select(found, votes.label("votes")).outerjoin(counted, counted.c.paper_id == found.c.paper_id)
    statement = statement.order_by(*order)
    if start is None:
        return statement
    after = start.after
    upvotes = UNKNOWN if after.upvotes is None else after.upvotes
    place = NO_PLACE if after.place is None else after.place
    last = (-after.votes, -upvotes, place, after.paper_id)
    return statement.where(tuple_(*order) > tuple_(*map(literal, last)))


def _by_newest(found: Any, start: Continuation | None) -> Select[Any]:
    """Return the papers ordered by listing day, the newest first. Of one day, those that came in last are first."""
    order = (found.day, found.paper_id)
    statement = select(found).order_by(*[each.desc() for each in order])
    if start is None:
        return statement
    return statement.where(tuple_(*order) < tuple_(literal(start.after.day, Date), literal(start.after.paper_id)))


def _place() -> ColumnElement[int | None]:
    """Return the position of a listing in a ranked list, or NULL."""
    ranked = select(dump.c.id).where(dump.c.format.in_(sorted(RANKED_FORMATS)))
    return case((listing.c.dump_id.in_(ranked), listing.c.position), else_=literal(None, BigInteger))


def _is_between(first: date, last: date) -> ColumnElement[bool]:
    return listing.c.listed_on.between(first, last)


def _is_announced() -> ColumnElement[bool]:
    """Return the condition that a listing counts: it announces its paper, and the paper is not hidden."""
    announce = listing.c.announce
    return and_(or_(announce.is_(None), announce.not_in(REPLACEMENTS)), is_not_hidden(listing.c.paper_id))
