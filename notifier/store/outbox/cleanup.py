"""Cancel the deliveries of subscribers who left, and limit waits that are too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, select, update

from notifier.models import DeliveryState
from notifier.store.outbox.rows import LEASE, is_free, is_owned, is_unwanted
from notifier.store.tables import delivery


def cancel_for(connection: Connection, subscriber_id: int, now: datetime) -> int:
    """Cancel the deliveries to a subscriber who left, except leased ones; return how many were cancelled."""
    return _cancel(connection, delivery.c.subscriber_id == subscriber_id, now)


def cancel_unwanted(connection: Connection, now: datetime) -> int:
    """Cancel the deliveries to all subscribers who left, except leased ones; return how many were cancelled.

    A sender may have deferred a delivery after `cancel_for` was called for its subscriber.
    """
    return _cancel(connection, is_unwanted(), now)


def has_unwanted(connection: Connection) -> bool:
    """Return whether `cancel_unwanted` would cancel anything."""
    return bool(connection.scalar(select(exists().where(is_free(), is_unwanted()))))


def limit_waits(connection: Connection, now: datetime, longest_wait: timedelta) -> None:
    """If a next try is too far in the future, move it to the latest instant that is possible from `now`.

    Leases end within LEASE, and retries begin within `longest_wait`. A later instant was computed from a clock that has
    been set back since.
    """
    for is_overlong, latest in _overlong_waits(now, longest_wait):
        connection.execute(update(delivery).where(is_overlong).values(next_try=latest))


def has_overlong_waits(connection: Connection, now: datetime, longest_wait: timedelta) -> bool:
    """Return whether `limit_waits` would change anything."""
    overlong = [is_overlong for is_overlong, _ in _overlong_waits(now, longest_wait)]
    return any(connection.scalar(select(exists().where(is_overlong))) for is_overlong in overlong)


def _overlong_waits(now: datetime, longest_wait: timedelta) -> list[tuple[ColumnElement[bool], datetime]]:
    """Return the conditions under which a row waits too long, each with the latest instant that it may wait for."""
    leased = and_(is_owned(), delivery.c.next_try > now + LEASE)
    return [(leased, now + LEASE), (delivery.c.next_try > now + longest_wait, now + longest_wait)]


def _cancel(connection: Connection, condition: ColumnElement[bool], now: datetime) -> int:
    cancelled = {"state": DeliveryState.CANCELLED, "next_try": None, "settled_at": now}
    return connection.execute(update(delivery).where(is_free(), condition).values(cancelled)).rowcount
