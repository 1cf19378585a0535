"""What the operator does to single deliveries: look, retry, hold."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row

from notifier.errors import UsageError
from notifier.models import DeliveryState, SubscriberState
from notifier.store import deliveries, reading, subscribers, writing

_WHY_NOT = {
    DeliveryState.LEASED: "a sender holds it at this moment; try again when it is settled",
    DeliveryState.ACCEPTED: "the relay has accepted it, and its subscriber would get it twice",
    DeliveryState.CANCELLED: "its subscriber has left",
    DeliveryState.EXPIRED: "the next digest holds its papers",
    DeliveryState.SKIPPED: "it is empty: there was nothing new to tell",
}


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """A delivery without its content; see tables.Delivery."""

    id: int
    recipient: str
    kind: str
    period: str
    state: str
    planned_at: datetime
    next_try: datetime | None
    attempts: int
    uncertain: int
    reply: str
    settled_at: datetime | None
    message_id: str
    subject: str


def list_deliveries(engine: Engine, limit: int | None) -> list[DeliverySummary]:
    """Return the deliveries that wait for something, then the others, each newest first; all without a limit."""
    with reading(engine) as connection:
        return [DeliverySummary(**row._mapping) for row in deliveries.newest(connection, limit)]


def find_delivery(engine: Engine, delivery_id: int) -> DeliverySummary:
    """Return a delivery. Raises UsageError if there is none."""
    with reading(engine) as connection:
        row = deliveries.one(connection, delivery_id)
    return DeliverySummary(**{each.name: row._mapping[each.name] for each in fields(DeliverySummary)})


def retry_delivery(engine: Engine, delivery_id: int) -> None:
    """Let a delivery be sent at once, under the same Message-ID. Raises UsageError if it may not be sent."""
    with writing(engine) as connection:
        row = _changeable(connection, delivery_id)
        _refuse_unless_active(connection, row)
        deliveries.retry(connection, delivery_id)


def hold_delivery(engine: Engine, delivery_id: int, now: datetime) -> None:
    """Keep a delivery back until it is retried. Raises UsageError if it is settled or leased."""
    with writing(engine) as connection:
        _changeable(connection, delivery_id)
        deliveries.hold(connection, delivery_id, now)


def _changeable(connection: Connection, delivery_id: int) -> Row[Any]:
    row = deliveries.one(connection, delivery_id)
    if why := _WHY_NOT.get(DeliveryState(row.state)):
        raise UsageError(f"delivery {delivery_id} is {row.state} and stays so: {why}")
    return row


def _refuse_unless_active(connection: Connection, row: Row[Any]) -> None:
    subscriber = (
        subscribers.again(connection, [row.subscriber_id]).get(row.subscriber_id) if row.subscriber_id else None
    )
    if subscriber and subscriber.state is not SubscriberState.ACTIVE:
        raise UsageError(
            f"delivery {row.id} is for {subscriber.email}, who is {subscriber.state}: nothing is sent there; "
            f"where the subscriber agrees, `notifier subscribe {subscriber.email} --confirmed` starts again"
        )
