"""Store subscriptions and their queries. Each distinct query is stored once, however many subscribers have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, delete, exists, func, select, update

from notifier import queries
from notifier.errors import shortened
from notifier.models import Subscription
from notifier.store.hidden_papers import hidden_keys
from notifier.store.papers import titles_of_keys
from notifier.store.statements import batches, insert_all
from notifier.store.subscribers import DEFAULT_NAME_START
from notifier.store.tables import named_upvotes, named_votes, query, subscription
from notifier.text.harmless import without_controls

LONGEST_NAME = 100  # characters of the name that a subscription gets by default

# What a subscription is for: the subscriber's id, and either the query's id or the topic's slug.
Target = tuple[int, int | None, str | None]


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A valid subscription that is not stored yet.

    `label` is the query as it was typed, or the topic's title. Either `canonical`, the canonical query, or `topic`, the
    topic's slug, is set. An empty `name` removes the name of a subscription that is stored already; None keeps it.
    """

    label: str
    canonical: str | None = None
    topic: str | None = None
    name: str | None = None


def add(connection: Connection, additions: Mapping[int, Sequence[NewSubscription]], text_version: int) -> int:
    """Add subscriptions, and return how many were added.

    `additions` holds the subscriptions to add, by the id of their subscriber; the caller has locked the subscribers.
    Subscriptions that a subscriber has already are not added again, but get the new name if there is one. A new one
    with the query `like:KEY` and no name gets a name with the title of the paper KEY, unless that paper is hidden.
    `text_version` is the version of the text rules by which the queries were made canonical.
    """
    canonicals = {each.canonical for added in additions.values() for each in added if each.canonical}
    query_ids = query_ids_of(connection, canonicals, text_version)
    existing = _rows_by_target(connection, additions)
    by_target: dict[Target, NewSubscription] = {}
    for subscriber_id, added in additions.items():
        for each in added:
            target = (subscriber_id, query_ids.get(each.canonical or ""), each.topic)
            first = by_target.setdefault(target, each)
            by_target[target] = first if each.name is None else replace(first, name=each.name)
    new = {target: each for target, each in by_target.items() if target not in existing}
    names = _default_names(connection, [each.canonical for each in new.values() if each.canonical])
    columns = ("subscriber_id", "query_id", "topic", "label", "name", "position")
    last = _last_positions(connection, additions)
    rows = [
        dict(zip(columns, (*target, each.label, _name(each, names), last.get(target[0], 0)), strict=True))
        for target, each in new.items()
    ]
    insert_all(connection, subscription, rows)
    _rename(connection, [(row, by_target[target].name) for target, row in existing.items() if target in by_target])
    return len(new)


def set_topic_title(connection: Connection, slug: str, title: str) -> None:
    """Give the subscriptions to a topic its new title as their label."""
    renamed = (subscription.c.topic == slug, subscription.c.label != title)
    connection.execute(update(subscription).where(*renamed).values(label=title))


def _name(new: NewSubscription, names: Mapping[str, str]) -> str | None:
    return names.get(new.canonical or "") if new.name is None else new.name or None


def _default_names(connection: Connection, canonicals: Iterable[str]) -> dict[str, str]:
    """Return a name for each query that is only `like:KEY`: `Similar to`, and the title of the paper with this key.

    Queries that name a hidden paper are left out.
    """
    keys = {text: key for text in canonicals if (key := queries.only_paper_named(text))}
    if not keys:
        return {}
    titles, hidden = titles_of_keys(connection, keys.values()), hidden_keys(connection)
    return {
        text: shortened(without_controls(f"{DEFAULT_NAME_START}{titles[key]}"), LONGEST_NAME)
        for text, key in keys.items()
        if key in titles and key not in hidden
    }


def change(connection: Connection, existing: Subscription, replacement: NewSubscription, text_version: int) -> None:
    """Give a subscription another query; it keeps its id and its place. The former query is deleted if nobody has it.

    The caller has locked the subscriber, and has checked that they do not have this query already.
    """
    assert replacement.canonical, "only the query of a subscription can change"
    query_id = query_ids_of(connection, [replacement.canonical], text_version)[replacement.canonical]
    row = update(subscription).where(subscription.c.id == existing.id)
    connection.execute(row.values(query_id=query_id, label=replacement.label))
    if existing.query_id is not None and existing.query_id != query_id:
        delete_unused_queries(connection, [existing.query_id])


def rename(connection: Connection, subscription_id: int, name: str | None) -> None:
    """Give a subscription a name, or remove its name."""
    connection.execute(update(subscription).where(subscription.c.id == subscription_id).values(name=name))


def order(connection: Connection, subscription_ids: Sequence[int]) -> None:
    """Put the subscriptions of one subscriber into this order."""
    rows = [{"row_id": each, "place": place} for place, each in enumerate(subscription_ids, start=1)]
    placed = update(subscription).where(subscription.c.id == bindparam("row_id"))
    connection.execute(placed.values(position=bindparam("place")), rows)


def remove(connection: Connection, existing: Subscription) -> None:
    """Delete a subscription, and its query if nobody else has it."""
    connection.execute(delete(subscription).where(subscription.c.id == existing.id))
    if existing.query_id is not None:
        delete_unused_queries(connection, [existing.query_id])


def delete_unused_queries(connection: Connection, query_ids: Iterable[int]) -> None:
    """Delete the queries with these ids, except those that a subscription still has."""
    is_used = exists().where(subscription.c.query_id == query.c.id)
    for batch in batches(query_ids):
        connection.execute(delete(query).where(query.c.id.in_(batch), ~is_used))


def upvotes_named(connection: Connection, until: int) -> set[int]:
    """Return the numbers of upvotes up to `until` that stored queries name."""
    return _numbers_named(connection, named_upvotes, until)


def votes_named(connection: Connection, until: int) -> set[int]:
    """Return the numbers of votes up to `until` that stored queries name."""
    return _numbers_named(connection, named_votes, until)


def _numbers_named(connection: Connection, table: Table, until: int) -> set[int]:
    """Return the numbers up to `until` in one of the two tables.

    A million queries may name the same few numbers. The recursive query therefore goes through the index from each
    number to the next greater one, instead of reading all rows.
    """
    number = table.c.number
    numbers = select(func.min(number).label("number")).cte("walk", recursive=True)
    next_number = select(func.min(number)).where(number > numbers.c.number).scalar_subquery()
    numbers = numbers.union_all(select(next_number).where(numbers.c.number < until))
    return set(connection.scalars(select(numbers.c.number).where(numbers.c.number <= until)))


def _rows_by_target(connection: Connection, subscriber_ids: Iterable[int]) -> dict[Target, Row[Any]]:
    """Return the ids and names of the subscriptions that these subscribers have, by target."""
    row = subscription.c
    found: dict[Target, Row[Any]] = {}
    for batch in batches(subscriber_ids):
        statement: Select[Any] = select(row.id, row.name, row.subscriber_id, row.query_id, row.topic)
        rows = connection.execute(statement.where(row.subscriber_id.in_(batch)))
        found |= {(each.subscriber_id, each.query_id, each.topic): each for each in rows}
    return found


def _last_positions(connection: Connection, subscriber_ids: Iterable[int]) -> dict[int, int]:
    """Return the highest position of a subscription, by subscriber.

    New subscriptions get this position too. They come last, because subscriptions at one position are ordered by id.
    """
    row = subscription.c
    found: dict[int, int] = {}
    for batch in batches(subscriber_ids):
        highest = select(row.subscriber_id, func.max(row.position)).where(row.subscriber_id.in_(batch))
        found.update(connection.execute(highest.group_by(row.subscriber_id)).all())
    return found


def _rename(connection: Connection, names: Iterable[tuple[Row[Any], str | None]]) -> None:
    """Give stored subscriptions these names, if they differ; an empty name removes it, and None keeps it."""
    changes = [
        {"row_id": row.id, "name": name or None}
        for row, name in names
        if name is not None and (name or None) != row.name
    ]
    if changes:
        connection.execute(update(subscription).where(subscription.c.id == bindparam("row_id")), changes)


def query_ids_of(connection: Connection, canonicals: Collection[str], text_version: int) -> dict[str, int]:
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
    # Most queries name no number, and are not parsed.
    parsed = {new[canonical]: queries.parse(canonical) for canonical in missing if "votes:" in canonical}
    for table, named in ((named_upvotes, queries.upvotes_named), (named_votes, queries.votes_named)):
        numbers = [{"number": number, "query_id": each} for each, query in parsed.items() for number in named(query)]
        insert_all(connection, table, numbers, ignore_known=True)
    return known | new


def _known_queries(connection: Connection, canonicals: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(canonicals):
        known = select(query.c.canonical, query.c.id).where(query.c.canonical.in_(batch))
        found.update(connection.execute(known).all())
    return found
