"""Subscriptions and their queries; each distinct query is stored once, however many subscribers have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, select

from notifier import queries
from notifier.models import Subscription
from notifier.store.statements import batches, insert_all
from notifier.store.tables import named_upvotes, query, subscription

# What a subscription is for: the subscriber's id, and either the query's id or the topic's slug.
Target = tuple[int, int | None, str | None]


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A valid subscription that is not stored yet: its label, and either a canonical query or a topic's slug."""

    label: str
    canonical: str | None = None
    topic: str | None = None


def add(connection: Connection, wanted: Mapping[int, Sequence[NewSubscription]], text_version: int) -> int:
    """Add subscriptions, and return how many were added.

    `wanted` holds the subscriptions to add, by the id of their subscriber; the caller has locked the subscribers.
    Subscriptions that a subscriber has already are not added again. `text_version` is the version of the text rules by
    which the queries were made canonical.
    """
    canonicals = {each.canonical for added in wanted.values() for each in added if each.canonical}
    query_ids = _query_ids(connection, canonicals, text_version)
    existing = _targets(connection, wanted)
    labels: dict[Target, str] = {}
    for subscriber_id, added in wanted.items():
        for each in added:
            target = (subscriber_id, query_ids.get(each.canonical or ""), each.topic)
            if target not in existing:
                labels.setdefault(target, each.label)
    columns = ("subscriber_id", "query_id", "topic", "label")
    rows = [dict(zip(columns, (*target, label), strict=True)) for target, label in labels.items()]
    insert_all(connection, subscription, rows)
    return len(labels)


def remove(connection: Connection, ended: Subscription) -> None:
    """Delete a subscription, and its query if nobody else has it."""
    connection.execute(delete(subscription).where(subscription.c.id == ended.id))
    if ended.query_id is not None:
        delete_unused_queries(connection, [ended.query_id])


def delete_unused_queries(connection: Connection, query_ids: Iterable[int]) -> None:
    """Delete the queries with these ids, except those that a subscription still has."""
    is_used = exists().where(subscription.c.query_id == query.c.id)
    for batch in batches(query_ids):
        connection.execute(delete(query).where(query.c.id.in_(batch), ~is_used))


def upvotes_named(connection: Connection, until: int) -> set[int]:
    """Return the numbers of upvotes up to `until` that stored queries name.

    A million queries may name the same few numbers. The recursive query therefore goes through the index from each
    number to the next greater one, instead of reading all rows.
    """
    number = named_upvotes.c.number
    numbers = select(func.min(number).label("number")).cte("walk", recursive=True)
    next_number = select(func.min(number)).where(number > numbers.c.number).scalar_subquery()
    numbers = numbers.union_all(select(next_number).where(numbers.c.number < until))
    return set(connection.scalars(select(numbers.c.number).where(numbers.c.number <= until)))


def _targets(connection: Connection, subscriber_ids: Iterable[int]) -> set[Target]:
    """Return the targets of the subscriptions that these subscribers have."""
    row = subscription.c
    found: set[Target] = set()
    for batch in batches(subscriber_ids):
        targets = select(row.subscriber_id, row.query_id, row.topic).where(row.subscriber_id.in_(batch))
        found.update((each.subscriber_id, each.query_id, each.topic) for each in connection.execute(targets))
    return found


def _query_ids(connection: Connection, canonicals: Collection[str], text_version: int) -> dict[str, int]:
    """Return the ids of these canonical queries; those that are not stored yet are inserted.

    Another process may insert or delete the same queries at the same time. If it deletes a query whose id is returned
    here, adding a subscription to that query raises ConflictError.
    """
    known = _known_queries(connection, canonicals)
    missing = sorted(set(canonicals) - known.keys())
    insert_all(
        connection,
        query,
        [{"canonical": each, "text_version": text_version} for each in missing],
        ignore_known=True,
    )
    new = _known_queries(connection, missing)
    numbers = [
        {"number": number, "query_id": new[canonical]} for canonical in missing for number in _upvotes_named(canonical)
    ]
    insert_all(connection, named_upvotes, numbers, ignore_known=True)
    return known | new


def _upvotes_named(canonical: str) -> Iterable[int]:
    """Return the numbers of upvotes that a query names. Most queries name none, and are not parsed."""
    return queries.upvotes_named(queries.parse(canonical)) if "upvotes:" in canonical else ()


def _known_queries(connection: Connection, canonicals: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(canonicals):
        known = select(query.c.canonical, query.c.id).where(query.c.canonical.in_(batch))
        found.update(connection.execute(known).all())
    return found
