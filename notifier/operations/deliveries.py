"""What the operator does to single deliveries: look, retry, hold."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row

from notifier.errors import UsageError
from notifier.models import DeliveryState, Mail, SubscriberState
from notifier.sending.composing import mail_of
from notifier.sending.sender import Sender
from notifier.store import deliveries, subscribers
from notifier.store.engine import reading, writing
from notifier.store.outbox import Claim

_WHY_NOT = {
    DeliveryState.LEASED: "a sender holds it at this moment; try again when it is settled",
    DeliveryState.ACCEPTED: "the relay has accepted it, and its reader would get it twice",
    DeliveryState.CANCELLED: "its reader has left",
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


def newest(engine: Engine, limit: int | None) -> list[DeliverySummary]:
    """The deliveries that wait for something, then the others, each newest first; without a limit, all of them."""
    with reading(engine) as connection:
        return [DeliverySummary(**row._mapping) for row in deliveries.newest(connection, limit)]


def look(sender: Sender, delivery_id: int) -> tuple[DeliverySummary, Mail]:
    """A delivery and its mail, as it is or would be sent. Raises UsageError, or ComposeError where it has none."""
    with reading(sender.engine) as connection:
        row = _known(deliveries.one(connection, delivery_id), delivery_id)
    listed = DeliverySummary(**{each.name: row._mapping[each.name] for each in fields(DeliverySummary)})
    claim = Claim(**{each: row._mapping[each] for each in Claim._fields})
    return listed, mail_of(sender, claim)


def retry(engine: Engine, delivery_id: int) -> None:
    """Let a delivery be sent at once, with the same Message-ID as ever. Raises UsageError where it may not be."""
    with writing(engine) as connection:
        row = _changeable(connection, delivery_id)
        _refuse_unless_a_reader(connection, row)
        deliveries.retry(connection, delivery_id)


def hold(engine: Engine, delivery_id: int, now: datetime) -> None:
    """Keep a delivery back until it is retried. Raises UsageError where it is settled, or in a sender's hands."""
    with writing(engine) as connection:
        _changeable(connection, delivery_id)
        deliveries.hold(connection, delivery_id, now)


def _known(row: Row[Any] | None, delivery_id: int) -> Row[Any]:
    if row is None:
        raise UsageError(f"there is no delivery {delivery_id}; `notifier deliveries` lists them")
    return row


def _changeable(connection: Connection, delivery_id: int) -> Row[Any]:
    row = _known(deliveries.one(connection, delivery_id), delivery_id)
    if why := _WHY_NOT.get(DeliveryState(row.state)):
        raise UsageError(f"delivery {delivery_id} is {row.state} and stays so: {why}")
    return row


def _refuse_unless_a_reader(connection: Connection, row: Row[Any]) -> None:
    reader = subscribers.again(connection, [row.subscriber_id]).get(row.subscriber_id) if row.subscriber_id else None
    if reader and reader.state is not SubscriberState.ACTIVE:
        raise UsageError(
            f"delivery {row.id} is for {reader.email}, who is {reader.state}: nothing is sent there; "
            f"where the reader agrees, `notifier subscribe {reader.email} --confirmed` starts again"
        )
