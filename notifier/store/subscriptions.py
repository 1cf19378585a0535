"""What subscribers ask for; each distinct query is stored once for all who ask it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, select

from notifier import queries
from notifier.models import Subscription
from notifier.store.statements import batches, insert_all
from notifier.store.tables import named_upvotes, query, subscription

Target = tuple[int, int | None, str | None]  # the ids of the subscriber and of the query, or the topic's slug


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """One query or topic, checked: its label, and its canonical form or slug."""

    label: str
    canonical: str | None = None
    topic: str | None = None


def add(connection: Connection, wishes: Mapping[int, Sequence[NewSubscription]], text_version: int) -> int:
    """Add to what these subscribers, by id, ask for; returns how much of it is new to them."""
    canonicals = {wish.canonical for each in wishes.values() for wish in each if wish.canonical}
    query_ids = _query_ids(connection, canonicals, text_version)
    known = _targets(connection, wishes)
    new: dict[Target, str] = {}
    for subscriber_id, each in wishes.items():
        for wish in each:
            target = (subscriber_id, query_ids.get(wish.canonical or ""), wish.topic)
            if target not in known:
                new.setdefault(target, wish.label)
    columns = ("subscriber_id", "query_id", "topic", "label")
    insert_all(connection, subscription, [dict(zip(columns, (*each, new[each]), strict=True)) for each in new])
    return len(new)


def remove(connection: Connection, ended: Subscription) -> None:
    """End one subscription."""
    connection.execute(delete(subscription).where(subscription.c.id == ended.id))
    if ended.query_id is not None:
        drop_unasked(connection, [ended.query_id])


def drop_unasked(connection: Connection, query_ids: Iterable[int]) -> None:
    """Delete those of these queries that nobody asks any more."""
    still_asked = exists().where(subscription.c.query_id == query.c.id)
    for some in batches(query_ids):
        connection.execute(delete(query).where(query.c.id.in_(some), ~still_asked))


def upvotes_named(connection: Connection, until: int) -> set[int]:
    """The numbers up to `until` that matter to any stored query.

    The index is walked from number to number, for a million queries may name the same few.
    """
    number = named_upvotes.c.number
    walk = select(func.min(number).label("number")).cte("walk", recursive=True)
    following = select(func.min(number)).where(number > walk.c.number).scalar_subquery()
    walk = walk.union_all(select(following).where(walk.c.number < until))
    return set(connection.scalars(select(walk.c.number).where(walk.c.number <= until)))


def _targets(connection: Connection, subscriber_ids: Iterable[int]) -> set[Target]:
    row = subscription.c
    found: set[Target] = set()
    for some in batches(subscriber_ids):
        asked = select(row.subscriber_id, row.query_id, row.topic).where(row.subscriber_id.in_(some))
        found.update((each.subscriber_id, each.query_id, each.topic) for each in connection.execute(asked))
    return found


def _query_ids(connection: Connection, canonicals: Collection[str], text_version: int) -> dict[str, int]:
    known = _known_queries(connection, canonicals)
    missing = sorted(set(canonicals) - known.keys())
    insert_all(connection, query, [{"canonical": each, "text_version": text_version} for each in missing])
    new = _known_queries(connection, missing)
    numbers = [{"number": n, "query_id": new[each]} for each in missing for n in _upvotes_named(each)]
    insert_all(connection, named_upvotes, numbers)
    return known | new


def _upvotes_named(canonical: str) -> Iterable[int]:
    """Most queries name none, which is seen at a glance."""
    return queries.upvotes_named(queries.parse(canonical)) if "upvotes:" in canonical else ()


def _known_queries(connection: Connection, canonicals: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in batches(canonicals):
        known = select(query.c.canonical, query.c.id).where(query.c.canonical.in_(some))
        found.update(connection.execute(known).all())
    return found
