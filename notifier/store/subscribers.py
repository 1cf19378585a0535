"""Subscribers and what they asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select, update

from notifier.models import Cadence, Subscriber, SubscriberState, Subscription
from notifier.store.statements import batches, insert_all
from notifier.store.tables import dump, query, subscriber, subscription
from notifier.text.addresses import address_key


def find(connection: Connection, email: str) -> Subscriber | None:
    """The subscriber with this address, in whichever state."""
    return next(iter(_read(connection, _all().where(subscriber.c.address_key == address_key(email)))), None)


def by_address(connection: Connection, emails: Iterable[str]) -> dict[str, Subscriber]:
    """Those of these addresses that are known, in whichever state, by addresses.same_reader."""
    found: dict[str, Subscriber] = {}
    for some in batches({address_key(email) for email in emails}):
        rows = _read(connection, _all().where(subscriber.c.address_key.in_(some)))
        found |= {address_key(one.email): one for one in rows}
    return found


def asking(connection: Connection, subscription_id: int) -> Subscriber | None:
    """The subscriber whose subscription this is; None where it is gone."""
    whose = select(subscription.c.subscriber_id).where(subscription.c.id == subscription_id).scalar_subquery()
    return next(iter(_read(connection, _all().where(subscriber.c.id == whose))), None)


def everyone(connection: Connection) -> list[Subscriber]:
    """All subscribers by address."""
    return _read(connection, _all().order_by(subscriber.c.address_key))


def due(connection: Connection, now: datetime, after: int, limit: int) -> list[Subscriber]:
    """The first `limit` active subscribers to whom a digest is due, by id, those up to id `after` left out."""
    return _read(connection, _all().where(_is_due(now), subscriber.c.id > after).order_by(subscriber.c.id).limit(limit))


def oldest_cursor_due(connection: Connection, now: datetime) -> int | None:
    """The lowest cursor among the active subscribers to whom a digest is due; None where there is none."""
    oldest: int | None = connection.scalar(select(func.min(subscriber.c.cursor)).where(_is_due(now)))
    return oldest


def next_due(connection: Connection) -> datetime | None:
    """When the next active subscriber is due; None where nobody ever is."""
    statement = select(subscriber.c.next_due).where(
        subscriber.c.state == SubscriberState.ACTIVE, subscriber.c.next_due.is_not(None)
    )
    first: datetime | None = connection.scalar(statement.order_by(subscriber.c.next_due).limit(1))
    return first


def pause_ended(connection: Connection, now: datetime, limit: int) -> list[Subscriber]:
    """The first `limit` paused subscribers whose pause was to last until `now` or earlier, by id."""
    over = and_(subscriber.c.state == SubscriberState.PAUSED, subscriber.c.paused_until <= now)
    return _read(connection, _all().where(over).order_by(subscriber.c.id).limit(limit))


def again(connection: Connection, ids: Iterable[int]) -> dict[int, Subscriber]:
    """The subscribers of these ids as they are now, whose state may have changed since they were read."""
    found = [one for some in batches(ids) for one in _read(connection, _all().where(subscriber.c.id.in_(some)))]
    return {one.id: one for one in found}


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many subscribers are in each state that has any."""
    return dict(connection.execute(select(subscriber.c.state, func.count()).group_by(subscriber.c.state)).all())


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """New subscribers, whose addresses are not known yet."""
    insert_all(connection, subscriber, [{**row, "address_key": address_key(row["email"])} for row in rows])


def update_subscriber(connection: Connection, subscriber_id: int, values: dict[str, Any]) -> None:
    """Change some columns of one row."""
    connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(values))


def suppress(connection: Connection, subscriber_ids: Iterable[int]) -> None:
    """Write no more to addresses that the relay refused for good."""
    suppressed = {"state": SubscriberState.SUPPRESSED, "next_due": None}
    for some in batches(subscriber_ids):
        connection.execute(update(subscriber).where(subscriber.c.id.in_(some)).values(suppressed))


def update_many(connection: Connection, changes: Sequence[dict[str, Any]]) -> None:
    """Change the same columns of many rows; each change names its `row_id`."""
    if changes:
        connection.execute(update(subscriber).where(subscriber.c.id == bindparam("row_id")), list(changes))


def _is_due(now: datetime) -> ColumnElement[bool]:
    newest_dump = select(func.max(dump.c.id)).scalar_subquery()
    has_a_dump_to_tell = and_(subscriber.c.cadence == Cadence.INSTANT, subscriber.c.last_dump < newest_dump)
    return and_(subscriber.c.state == SubscriberState.ACTIVE, or_(subscriber.c.next_due <= now, has_a_dump_to_tell))


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
        last_dump=row.last_dump,
        confirmed_at=row.confirmed_at,
        active_since=row.active_since,
        paused_until=row.paused_until,
        next_due=row.next_due,
        last_date=row.last_date,
        last_week=row.last_week,
        subscriptions=subscriptions,
    )
