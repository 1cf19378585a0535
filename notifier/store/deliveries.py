"""The outbox as people look at it: counts, lists, one message in full, and what they change by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, update

from notifier.errors import UsageError
from notifier.models import DeliveryState
from notifier.store.outbox import AT_ONCE
from notifier.store.tables import delivery

_UNHAPPY = (DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.REJECTED, DeliveryState.UNCERTAIN)
_SETTLED = (DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.CANCELLED, DeliveryState.EXPIRED)

# What the lists show of a row; its items are long, and only the one message that is shown needs them.
_LISTED = [delivery.c[name] for name in ("id", "recipient", "kind", "period", "state", "planned_at", "next_try")]
_LISTED += [delivery.c[name] for name in ("attempts", "uncertain", "reply", "settled_at", "message_id", "subject")]


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state that has any."""
    return dict(connection.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state)).all())


def count_due(connection: Connection, now: datetime) -> int:
    """How many deliveries may be sent now, as far as their own times go."""
    return connection.scalar(select(func.count()).where(delivery.c.next_try <= now)) or 0


def oldest_by_state(connection: Connection) -> dict[str, datetime]:
    """When the oldest delivery was planned, for each state in which one still waits for something."""
    oldest = func.min(delivery.c.planned_at, type_=delivery.c.planned_at.type)
    waiting = delivery.c.state.not_in(_SETTLED)
    return dict(connection.execute(select(delivery.c.state, oldest).where(waiting).group_by(delivery.c.state)).all())


def troubles(connection: Connection, limit: int) -> list[Row[str, str, int]]:
    """What was said last of messages that were not accepted: state, reply and how many, the most frequent first."""
    number = func.count()
    statement = select(delivery.c.state, delivery.c.reply, number).where(delivery.c.state.in_(_UNHAPPY))
    grouped = statement.group_by(delivery.c.state, delivery.c.reply).order_by(number.desc(), delivery.c.reply)
    return list(connection.execute(grouped.limit(limit)))


def newest(connection: Connection, limit: int | None) -> Sequence[Row[Any]]:
    """The deliveries to list: those that still wait for something first, then the others, each newest first."""
    is_settled = case((delivery.c.state.in_(_SETTLED), 1), else_=0)
    return connection.execute(select(*_LISTED).order_by(is_settled, delivery.c.id.desc()).limit(limit)).all()


def one(connection: Connection, delivery_id: int) -> Row[Any]:
    """Return the whole row of a delivery, which nobody else changes in this transaction.

    Raises UsageError if there is none.
    """
    row = connection.execute(select(delivery).where(delivery.c.id == delivery_id).with_for_update()).one_or_none()
    if row is None:
        raise UsageError(f"there is no delivery {delivery_id}; `notifier deliveries` lists them")
    return row


def retry(connection: Connection, delivery_id: int) -> None:
    """Let a delivery that is in nobody's hands be sent as soon as a lane is free."""
    _change(connection, delivery_id, {"state": DeliveryState.PENDING, "next_try": AT_ONCE, "settled_at": None})


def hold(connection: Connection, delivery_id: int, now: datetime) -> None:
    """Keep a delivery that is in nobody's hands back until it is retried."""
    _change(connection, delivery_id, {"state": DeliveryState.HELD, "next_try": None, "settled_at": now})


def _change(connection: Connection, delivery_id: int, values: dict[str, Any]) -> None:
    connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(values))
