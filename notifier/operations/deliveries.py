"""List, show, retry and hold single deliveries, for operators."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row

from notifier.errors import UsageError
from notifier.models import DeliveryState, EndpointKind, SubscriberState
from notifier.store import deliveries, endpoints, reading, retried, subscribers, writing

# Why a delivery in one of these states can be neither retried nor held.
_WHY_UNCHANGEABLE = {
    DeliveryState.LEASED: "a sender is sending it now; try again in a minute",
    DeliveryState.ACCEPTED: "the relay has accepted it, and the subscriber would get it twice",
    DeliveryState.CANCELLED: "its subscriber gets no more mail",
    DeliveryState.EXPIRED: "the next digest contains its papers",
    DeliveryState.SKIPPED: "it is empty, because there were no new papers",
}


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """A delivery without its content; see tables.DeliveryRow."""

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
    """Return the deliveries that wait for a sender or for the operator, then the others, both newest first.

    Returns at most `limit` deliveries, or all if it is None.
    """
    with reading(engine) as connection:
        return [DeliverySummary(**row._mapping) for row in deliveries.newest(connection, limit)]


def deliveries_before(
    engine: Engine, before: int, limit: int, state: DeliveryState | None = None, recipient: str | None = None
) -> list[DeliverySummary]:
    """Return at most `limit` deliveries with ids below `before`, newest first.

    Only those in a state, or to an address, are returned if it is given.
    """
    with reading(engine) as connection:
        rows = deliveries.listed(connection, before, limit, state, recipient)
    return [DeliverySummary(**row._mapping) for row in rows]


def find_delivery(engine: Engine, delivery_id: int) -> DeliverySummary:
    """Return the delivery with this id. Raises UsageError if there is none."""
    with reading(engine) as connection:
        row = deliveries.get(connection, delivery_id)
    return DeliverySummary(**{field.name: row._mapping[field.name] for field in fields(DeliverySummary)})


@retried
def retry_delivery(engine: Engine, delivery_id: int) -> None:
    """Make a delivery due now; it keeps its Message-ID.

    Raises UsageError if there is no such delivery or it may not be sent.
    """
    with writing(engine) as connection:
        row = _get_changeable(connection, delivery_id)
        _refuse_unless_active(connection, row)
        _refuse_if_disabled(connection, row)
        deliveries.retry(connection, delivery_id)


@retried
def hold_delivery(engine: Engine, delivery_id: int, now: datetime) -> None:
    """Hold a delivery back until the operator retries it.

    Raises UsageError if there is no such delivery or its state does not allow this.
    """
    with writing(engine) as connection:
        _get_changeable(connection, delivery_id)
        deliveries.hold(connection, delivery_id, now)


@retried
def hold_waiting_deliveries(engine: Engine, now: datetime) -> tuple[int, int]:
    """Hold back all deliveries that wait for a sender; return how many, and how many others a sender is sending now."""
    with writing(engine) as connection:
        return deliveries.hold_waiting(connection, now), deliveries.count_leased(connection)


def _get_changeable(connection: Connection, delivery_id: int) -> Row[Any]:
    row = deliveries.get(connection, delivery_id, lock=True)
    if reason := _WHY_UNCHANGEABLE.get(DeliveryState(row.state)):
        raise UsageError(f"delivery {delivery_id} is {row.state} and stays so: {reason}")
    return row


def _refuse_if_disabled(connection: Connection, row: Row[Any]) -> None:
    """Raise UsageError if a delivery is for an endpoint that is disabled."""
    endpoint = endpoints.find(connection, row.endpoint_id) if row.endpoint_id else None
    if endpoint and endpoint.disabled_at and endpoint.kind is EndpointKind.CHANNEL:
        raise UsageError(
            f"delivery {row.id} is for the channel {endpoint.name}, which is disabled ({endpoint.disabled_reason}); "
            f"run `notifier channel enable {endpoint.name}` first"
        )
    if endpoint and endpoint.disabled_at:
        raise UsageError(
            f"delivery {row.id} is for webhook {endpoint.id}, which is disabled ({endpoint.disabled_reason}); "
            f"run `notifier webhooks enable {endpoint.id}` first"
        )


def _refuse_unless_active(connection: Connection, row: Row[Any]) -> None:
    """Raise UsageError if the subscriber of a delivery gets no mail; the subscriber is locked, so this stays so."""
    ids = [row.subscriber_id] if row.subscriber_id else []
    subscriber = subscribers.by_ids(connection, ids, lock=True).get(row.subscriber_id)
    if subscriber and subscriber.state is not SubscriberState.ACTIVE:
        raise UsageError(
            f"delivery {row.id} is for {subscriber.email}, who is {subscriber.state} and gets no mail; "
            f"if the subscriber agrees, run `notifier subscribe {subscriber.email} --confirmed`"
        )
