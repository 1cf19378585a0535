"""Announce papers again, and mark them for tagging, when their votes have reached a number that a query names.

A vote only changes the number of a paper's votes, so that it never waits while a dump is stored. What follows from it
is done here for all papers whose votes have changed, before digests are planned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, select, update

from notifier.models import ANNOUNCED_AGAIN_WITHIN
from notifier.papers.placing import reached
from notifier.store import subscriptions
from notifier.store.statements import batches
from notifier.store.tables import VOTES_CHANGED, paper


class _Named(NamedTuple):
    """The numbers of votes that any query names, and those that topics name, ascending."""

    by_any: Sequence[int]
    by_topics: Sequence[int]


def are_left(connection: Connection) -> bool:
    """Return whether the votes of a paper have changed since they were considered."""
    return bool(connection.scalar(select(exists().where(VOTES_CHANGED).select_from(paper))))


def to_announce(connection: Connection, named_by_topics: Collection[int], now: datetime) -> list[int]:
    """Return the ids of the papers that `consider` would announce, in their order."""
    rows = _changed(connection)
    named = _named(connection, rows, named_by_topics)
    return [row.id for row in rows if _is_announced(row, named, now)]


def consider(connection: Connection, named_by_topics: Collection[int], now: datetime) -> int:
    """Consider the papers whose votes have changed, and return how many are announced again.

    A paper takes a new sequence number if it was first seen at most ANNOUNCED_AGAIN_WITHIN ago, and if its votes have
    reached, for the first time, a number that a stored query names or that is in `named_by_topics`. If its votes have
    passed a number in `named_by_topics` in either direction, its topics may change, and it counts as untagged. The
    caller holds the lock of ingesting, so that sequence numbers become visible in ascending order.
    """
    rows = _changed(connection, lock=True)
    named = _named(connection, rows, named_by_topics)
    announced = [row.id for row in rows if _is_announced(row, named, now)]
    highest = max(connection.scalar(select(func.max(paper.c.sequence))) or 0, 0)
    numbers = {paper_id: highest + place for place, paper_id in enumerate(announced, start=1)}
    changes = [
        {
            "row_id": row.id,
            "sequence": numbers.get(row.id, row.sequence),
            "votes_considered": row.votes,
            "most_votes": max(row.votes, row.most_votes),
        }
        for row in rows
    ]
    if changes:
        connection.execute(update(paper).where(paper.c.id == bindparam("row_id")), changes)
    untagged = update(paper).values(revision=paper.c.revision + 1, tagged_by=None)
    for batch in batches(row.id for row in rows if _may_change_topics(row, named)):
        connection.execute(untagged.where(paper.c.id.in_(batch)))
    return len(announced)


def _changed(connection: Connection, *, lock: bool = False) -> Sequence[Row[Any]]:
    """Return the papers whose votes have changed, ordered by id; votes lock papers in the same order."""
    row = paper.c
    columns = (row.id, row.sequence, row.archived, row.first_seen, row.votes, row.votes_considered, row.most_votes)
    changed: Select[Any] = select(*columns).where(VOTES_CHANGED).order_by(row.id)
    return connection.execute(changed.with_for_update() if lock else changed).all()


def _named(connection: Connection, rows: Sequence[Row[Any]], named_by_topics: Collection[int]) -> _Named:
    highest = max((row.votes for row in rows), default=0)
    by_topics = sorted(named_by_topics)
    return _Named(sorted({*by_topics, *subscriptions.votes_named(connection, highest)}), by_topics)


def _is_announced(row: Row[Any], named: _Named, now: datetime) -> bool:
    """Return whether a paper is announced again; one that awaits its first announcement is not."""
    awaits_announcement = row.sequence < 0 and not row.archived
    is_recent = now - row.first_seen <= ANNOUNCED_AGAIN_WITHIN
    return is_recent and not awaits_announcement and reached(row.most_votes, row.votes, named.by_any)


def _may_change_topics(row: Row[Any], named: _Named) -> bool:
    fewer, more = sorted((row.votes_considered, row.votes))
    return reached(fewer, more, named.by_topics)
