"""Add rows to the outbox, and make the SQL conditions by which rows are selected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select

from notifier.models import DeliveryState, SubscriberState
from notifier.store.statements import in_parameter, insert_all
from notifier.store.tables import delivery, subscriber

LEASE = timedelta(seconds=60)
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # the next try of a pending row: due even if the clock is set back
FIRST = AT_ONCE - timedelta(days=1)  # the same for a row that somebody waits for, which is claimed before all others
AWAITED = {"state": DeliveryState.PENDING, "next_try": FIRST}  # the columns of such a row


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add planned deliveries to the outbox."""
    insert_all(connection, delivery, rows)


def new_message_id(sender: str) -> str:
    """Return a Message-ID that no other message has; `sender` is a From header."""
    return f"<{uuid4().hex}@{parseaddr(sender)[1].rpartition('@')[2]}>"


def is_unsettled() -> ColumnElement[bool]:
    """Return the condition that a row is leased or waits to be sent.

    It is written so that the index of `next_try` is used.
    """
    return delivery.c.next_try >= FIRST


def is_unwanted() -> ColumnElement[bool]:
    """Return the condition that a delivery is to a subscriber who left."""
    left = [subscriber.c.state == state for state in (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)]
    return exists().where(subscriber.c.id == delivery.c.subscriber_id, or_(*left))


def is_mail() -> ColumnElement[bool]:
    """Return the condition that a row is a mail, and not something for an endpoint."""
    return delivery.c.endpoint_id.is_(None)


def may_be_sent() -> ColumnElement[bool]:
    """Return the condition that a delivery is to an active subscriber, or to no subscriber."""
    active = exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == SubscriberState.ACTIVE)
    return or_(delivery.c.subscriber_id.is_(None), active)


def is_owned() -> ColumnElement[bool]:
    """Return the condition that a sender has leased the row, written so that the index of `owner` is used."""
    return delivery.c.owner > ""


def is_free() -> ColumnElement[bool]:
    """Return the condition that a row waits to be sent and is not leased."""
    return and_(is_unsettled(), delivery.c.state != DeliveryState.LEASED)


def leases(dialect: str) -> Select[Any]:
    """Return a query with the parameter `row_ids`: it selects the id and epoch of each of these rows that is leased."""
    leased = select(delivery.c.id, delivery.c.epoch).where(delivery.c.state == DeliveryState.LEASED)
    return leased.where(in_parameter(dialect, delivery.c.id, "row_ids"))
