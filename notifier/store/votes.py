"""Store the votes of subscribers for papers; `paper.votes` is always the number of a paper's rows.

Whoever changes the rows of a paper locks its row in the table `paper` first, so that two transactions cannot count at
the same time, and no paper is merged into another meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import BigInteger, Connection, cast, delete, exists, func, select, update

from notifier.store.hidden_papers import is_not_hidden
from notifier.store.papers import locked
from notifier.store.statements import batches, insert_into
from notifier.store.tables import paper, vote

_MIXED = 1009  # a prime number; the state changes if a vote passes to another subscriber, except in rare cases
_STATES = 10**15


def add_vote(connection: Connection, subscriber_id: int, paper_id: int, today: date) -> bool:
    """Store a subscriber's vote for a paper.

    Returns whether it is new: False if the subscriber has voted for the paper already, or if it no longer exists. The
    id of a paper that was merged into another one stands for the other paper, here and in `remove_vote`.
    """
    return any(_add(connection, subscriber_id, current, today) for current in locked(connection, [paper_id]))


def remove_vote(connection: Connection, subscriber_id: int, paper_id: int) -> bool:
    """Delete a subscriber's vote for a paper; return whether there was one."""
    return any(_remove(connection, subscriber_id, current) for current in locked(connection, [paper_id]))


def votes_of(connection: Connection, subscriber_id: int, paper_ids: Iterable[int] | None = None) -> set[int]:
    """Return which of these papers a subscriber has voted for; without `paper_ids`, all that they have voted for.

    The ids must be those of stored papers: see `papers.current_ids`.
    """
    row = vote.c
    mine = select(row.paper_id).where(row.subscriber_id == subscriber_id)
    if paper_ids is None:
        return set(connection.scalars(mine))
    return {found for batch in batches(paper_ids) for found in connection.scalars(mine.where(row.paper_id.in_(batch)))}


def voting_days(connection: Connection, subscriber_id: int) -> dict[int, date]:
    """Return the day of each of a subscriber's votes by paper, the newest first."""
    row = vote.c
    mine = select(row.paper_id, row.voted_on).where(row.subscriber_id == subscriber_id)
    return dict(connection.execute(mine.order_by(row.voted_on.desc(), row.paper_id.desc())).all())


def votes_by_day(connection: Connection, paper_ids: Iterable[int], until: date) -> dict[int, dict[date, int]]:
    """Return, for each of these papers with votes, the number of votes of each day up to `until`, oldest day first."""
    found: dict[int, dict[date, int]] = {}
    row = vote.c
    for batch in batches(paper_ids):
        wanted = row.paper_id.in_(batch) & (row.voted_on <= until)
        counted = select(row.paper_id, row.voted_on, func.count()).where(wanted).group_by(row.paper_id, row.voted_on)
        for paper_id, day, number in connection.execute(counted.order_by(row.paper_id, row.voted_on)):
            found.setdefault(paper_id, {})[day] = number
    return found


def keys_voted_between(
    connection: Connection, first: date, last: date, listed_until: date, limit: int
) -> dict[int, str]:
    """Return the keys of at most `limit` papers that somebody voted for on these days, by id.

    The papers are first listed on `listed_until` or before, and are not hidden. Those with the most votes on these days
    come first.
    """
    number = func.count()
    voted = (
        select(paper.c.id, paper.c.key)
        .join(vote, vote.c.paper_id == paper.c.id)
        .where(vote.c.voted_on.between(first, last), paper.c.listed_on <= listed_until, is_not_hidden(paper.c.id))
        .group_by(paper.c.id, paper.c.key)
    )
    return dict(connection.execute(voted.order_by(number.desc(), paper.c.id).limit(limit)).all())


def state(connection: Connection) -> int:
    """Return a number that changes when the votes change. By a rare coincidence, it may stay the same."""
    row = vote.c
    mixed = cast(row.paper_id, BigInteger) * (row.subscriber_id % _MIXED + 1)
    number, total = connection.execute(select(func.count(), func.coalesce(func.sum(mixed), 0))).one()
    return (int(total) * 31 + int(number)) % _STATES


def remove_all(connection: Connection, subscriber_id: int) -> None:
    """Delete all votes of a subscriber, and lower the counts of the papers."""
    voted: set[int] = set()
    while missing := votes_of(connection, subscriber_id) - voted:
        voted |= missing  # a paper that was merged while this waited for its lock has given its votes to another one
        locked(connection, voted)
    connection.execute(delete(vote).where(vote.c.subscriber_id == subscriber_id))
    count(connection, voted)


def merge(connection: Connection, absorbed: int, kept: int) -> None:
    """Give the votes for the paper `absorbed` to the paper `kept`; both must be locked.

    If a subscriber has voted for both, the earlier vote is kept.
    """
    other = vote.alias().c
    same = (other.subscriber_id == vote.c.subscriber_id, other.voted_on <= vote.c.voted_on)
    for loser, winner in ((absorbed, kept), (kept, absorbed)):
        is_later = exists().where(*same, other.paper_id == winner)
        connection.execute(delete(vote).where(vote.c.paper_id == loser, is_later))
    connection.execute(update(vote).where(vote.c.paper_id == absorbed).values(paper_id=kept))
    count(connection, [kept])


def count(connection: Connection, paper_ids: Iterable[int]) -> None:
    """Set the number of votes of these papers to the number of their rows."""
    number = select(func.count()).where(vote.c.paper_id == paper.c.id).scalar_subquery()
    for batch in batches(sorted(paper_ids)):
        connection.execute(update(paper).where(paper.c.id.in_(batch)).values(votes=number))


def _add(connection: Connection, subscriber_id: int, paper_id: int, today: date) -> bool:
    values = {"subscriber_id": subscriber_id, "paper_id": paper_id, "voted_on": today}
    row = insert_into(connection.dialect, vote).values(values).on_conflict_do_nothing().returning(vote.c.paper_id)
    is_new = connection.execute(row).first() is not None
    count(connection, [paper_id])
    return is_new


def _remove(connection: Connection, subscriber_id: int, paper_id: int) -> bool:
    mine = (vote.c.subscriber_id == subscriber_id, vote.c.paper_id == paper_id)
    existed = connection.execute(delete(vote).where(*mine)).rowcount
    count(connection, [paper_id])
    return existed == 1
