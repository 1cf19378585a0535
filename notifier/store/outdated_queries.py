"""Rewrite the stored queries whose canonical form was computed by other text rules than the current ones.

They are rewritten in descending order of their ids. So the query with the lowest id is the last one, and shows whether
any of them is left.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select, update

from notifier import queries
from notifier.errors import QueryError
from notifier.store import subscribers
from notifier.store.statements import batches
from notifier.store.subscriptions import Target, delete_unused_queries, query_ids_of
from notifier.store.tables import LARGEST_ID, query, subscription
from notifier.text.words import TEXT_VERSION

ANY_ID = LARGEST_ID  # above all ids that are in use


def are_left(connection: Connection) -> bool:
    """Return whether the store has queries of other text rules."""
    oldest = connection.scalar(select(query.c.text_version).order_by(query.c.id).limit(1))
    return oldest not in (None, TEXT_VERSION)


def rewrite(connection: Connection, below: int, limit: int) -> int | None:
    """Rewrite at most `limit` outdated queries with ids below `below`, and return the lowest of their ids.

    Returns None if there are no more. For each subscription, the text that the subscriber typed is parsed again, and
    its new canonical form is stored. If another subscription of the same subscriber has this form by now, the
    subscription is deleted.
    """
    outdated = select(query.c.id, query.c.canonical).where(query.c.text_version != TEXT_VERSION, query.c.id < below)
    stored: dict[int, str] = dict(connection.execute(outdated.order_by(query.c.id.desc()).limit(limit)).all())
    if not stored:
        return None
    of_these = subscription.c.query_id.in_(stored)
    owners = connection.scalars(select(subscription.c.subscriber_id).where(of_these).distinct())
    subscribers.by_ids(connection, list(owners), lock=True)
    row = subscription.c
    asked = connection.execute(
        select(row.id, row.subscriber_id, row.label, row.query_id).where(of_these).order_by(row.id)
    ).all()
    connection.execute(update(query).where(query.c.id.in_(stored)).values(text_version=TEXT_VERSION))
    wanted = {each.id: _canonical(each.label, stored[each.query_id]) for each in asked}
    ids = query_ids_of(connection, set(wanted.values()), TEXT_VERSION)
    moves: dict[int, Target] = {
        each.id: (each.subscriber_id, ids[wanted[each.id]], None)
        for each in asked
        if ids[wanted[each.id]] != each.query_id
    }
    _move(connection, moves)
    delete_unused_queries(connection, stored)
    return min(stored)


def _canonical(typed: str, stored: str) -> str:
    """Return the canonical form of a query by the current rules; if they refuse it, the stored form stays."""
    for text in (typed, stored):
        try:
            return queries.canonical(queries.parse(text))
        except QueryError:
            continue
    return stored


def _move(connection: Connection, moves: dict[int, Target]) -> None:
    """Give each subscription its new query, or delete it if its subscriber has another subscription to this query."""
    row = subscription.c
    taken: set[Target] = set()
    for batch in batches({subscriber_id for subscriber_id, _, _ in moves.values()}):
        found = connection.execute(select(row.subscriber_id, row.query_id).where(row.subscriber_id.in_(batch)))
        taken |= {(subscriber_id, query_id, None) for subscriber_id, query_id in found}
    for subscription_id, target in moves.items():
        if target in taken:
            connection.execute(delete(subscription).where(row.id == subscription_id))
        else:
            change = update(subscription).where(row.id == bindparam("moved")).values(query_id=target[1])
            connection.execute(change, {"moved": subscription_id})
        taken.add(target)
