"""Subscribers and what they asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, insert, select, update

from notifier.addresses import same_reader
from notifier.models import Cadence, Subscriber, SubscriberState, Subscription
from notifier.store.statements import batches, insert_one
from notifier.store.tables import query, subscriber, subscription


def find(connection: Connection, email: str) -> Subscriber | None:
    """The subscriber with this address, in whichever state."""
    return next(iter(_read(connection, _all().where(subscriber.c.reader == same_reader(email)))), None)


def everyone(connection: Connection) -> list[Subscriber]:
    """All subscribers by address."""
    return _read(connection, _all().order_by(subscriber.c.reader))


def due(connection: Connection, now: datetime, after: int, limit: int) -> list[Subscriber]:
    """The first `limit` active subscribers whose next instant has come, by id, those up to id `after` left out."""
    return _read(connection, _all().where(_is_due(now), subscriber.c.id > after).order_by(subscriber.c.id).limit(limit))


def oldest_cursor_due(connection: Connection, now: datetime) -> int | None:
    """The lowest cursor among the active subscribers whose next instant has come; None where there is none."""
    oldest: int | None = connection.scalar(select(func.min(subscriber.c.cursor)).where(_is_due(now)))
    return oldest


def next_due(connection: Connection) -> datetime | None:
    """When the next active subscriber is due; None where nobody ever is."""
    statement = select(subscriber.c.next_due).where(
        subscriber.c.state == SubscriberState.ACTIVE, subscriber.c.next_due.is_not(None)
    )
    first: datetime | None = connection.scalar(statement.order_by(subscriber.c.next_due).limit(1))
    return first


def again(connection: Connection, ids: Iterable[int]) -> dict[int, Subscriber]:
    """The subscribers of these ids as they are now, whose state may have changed since they were read."""
    found = [one for some in batches(ids) for one in _read(connection, _all().where(subscriber.c.id.in_(some)))]
    return {one.id: one for one in found}


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many subscribers are in each state that has any."""
    return dict(connection.execute(select(subscriber.c.state, func.count()).group_by(subscriber.c.state)).all())


def insert_subscriber(connection: Connection, values: dict[str, Any]) -> int:
    """A new row; returns its id."""
    row = {**values, "reader": same_reader(values["email"])}
    return insert_one(connection, subscriber, row)


def update_subscriber(connection: Connection, subscriber_id: int, values: dict[str, Any]) -> None:
    """Change some columns of one row."""
    connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(values))


def suppress(connection: Connection, subscriber_id: int) -> None:
    """Write no more to an address that the relay refused for good."""
    update_subscriber(connection, subscriber_id, {"state": SubscriberState.SUPPRESSED, "next_due": None})


def move_cursors(connection: Connection, moves: Sequence[dict[str, Any]]) -> None:
    """Set the cursor, the periods used and the next instant of many subscribers; each move names its `row_id`."""
    if moves:
        connection.execute(update(subscriber).where(subscriber.c.id == bindparam("row_id")), list(moves))


def add_query(connection: Connection, subscriber_id: int, canonical: str, text_version: int, label: str) -> bool:
    """Subscribe to a query; False where the subscriber asks for the same already."""
    query_id = _query_id(connection, canonical, text_version)
    return _add(connection, subscriber_id, label, subscription.c.query_id == query_id, {"query_id": query_id})


def add_topic(connection: Connection, subscriber_id: int, slug: str, label: str) -> bool:
    """Subscribe to a topic; False where the subscriber has it already."""
    return _add(connection, subscriber_id, label, subscription.c.topic == slug, {"topic": slug})


def _add(
    connection: Connection, subscriber_id: int, label: str, same: ColumnElement[bool], target: dict[str, Any]
) -> bool:
    if (
        connection.scalar(select(subscription.c.id).where(subscription.c.subscriber_id == subscriber_id, same))
        is not None
    ):
        return False
    connection.execute(insert(subscription).values(subscriber_id=subscriber_id, label=label, **target))
    return True


def _query_id(connection: Connection, canonical: str, text_version: int) -> int:
    known: int | None = connection.scalar(select(query.c.id).where(query.c.canonical == canonical))
    if known is not None:
        return known
    values = {"canonical": canonical, "text_version": text_version}
    return insert_one(connection, query, values)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(subscriber.c.state == SubscriberState.ACTIVE, subscriber.c.next_due <= now)


def _all() -> Select[Any]:
    return select(subscriber)


def _read(connection: Connection, statement: Select[Any]) -> list[Subscriber]:
    rows = connection.execute(statement).all()
    asked = _subscriptions(connection, [row.id for row in rows])
    return [_subscriber(row, tuple(asked.get(row.id, ()))) for row in rows]


def _subscriptions(connection: Connection, subscriber_ids: Iterable[int]) -> dict[int, list[Subscription]]:
    row = subscription.c
    found: dict[int, list[Subscription]] = {}
    for some in batches(subscriber_ids):
        statement = (
            select(row.id, row.subscriber_id, row.label, row.topic, row.query_id, query.c.canonical)
            .outerjoin(query, query.c.id == row.query_id)
            .where(row.subscriber_id.in_(some))
            .order_by(row.id)
        )
        for each in connection.execute(statement):
            asked = Subscription(each.id, each.label, each.query_id, each.canonical, each.topic)
            found.setdefault(each.subscriber_id, []).append(asked)
    return found


def _subscriber(row: Row[Any], subscriptions: tuple[Subscription, ...]) -> Subscriber:
    return Subscriber(
        id=row.id,
        email=row.email,
        state=SubscriberState(row.state),
        cadence=Cadence(row.cadence),
        hour=row.hour,
        timezone=row.timezone,
        weekday=row.weekday,
        cursor=row.cursor,
        confirmed_at=row.confirmed_at,
        next_due=row.next_due,
        last_date=row.last_date,
        last_week=row.last_week,
        subscriptions=subscriptions,
    )
