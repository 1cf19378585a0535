"""Store the endpoints: webhooks, to which events are sent, and channels, to which digests are sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, exists, or_, select, update

from notifier.models import DeliveryState, Endpoint, EndpointKind, EventType
from notifier.store.outbox import AT_ONCE, may_be_sent
from notifier.store.papers import newest_sequence
from notifier.store.statements import insert_one
from notifier.store.tables import LARGEST_ID, delivery, endpoint, relay

_COLUMNS = tuple(endpoint.c[field.name] for field in fields(Endpoint))


class NewEndpoint(NamedTuple):
    """An endpoint that is about to be stored; see models.Endpoint."""

    url: str
    shown_url: str
    events: Collection[EventType]
    secret_file: str
    salt: str
    kind: EndpointKind = EndpointKind.WEBHOOK
    name: str | None = None


def relay_name(endpoint_id: int) -> str:
    """Return the name under which the table of relays has the state of an endpoint."""
    return f"endpoint {endpoint_id}"


def add(connection: Connection, new: NewEndpoint, now: datetime) -> int:
    """Add an endpoint, and return its id. It will be told of the papers that are announced from now on."""
    values = {**new._asdict(), "events": tuple(new.events), "cursor": newest_sequence(connection), "created_at": now}
    return insert_one(connection, endpoint, {**values, "disabled_reason": ""})


def all_endpoints(connection: Connection, kind: EndpointKind | None = None) -> list[Endpoint]:
    """Return all endpoints, or those of a kind, the oldest first."""
    found = select(*_COLUMNS).order_by(endpoint.c.id)
    wanted = found if kind is None else found.where(endpoint.c.kind == kind)
    return [_endpoint(row) for row in connection.execute(wanted)]


def channel(connection: Connection, name: str, *, lock: bool = False) -> Endpoint | None:
    """Return the channel with this name; None if there is none.

    With `lock`, no other transaction can remove it before this one ends.
    """
    found = select(*_COLUMNS).where(endpoint.c.name == name)
    row = connection.execute(found.with_for_update(read=True, key_share=True) if lock else found).one_or_none()
    return _endpoint(row) if row else None


def find(connection: Connection, endpoint_id: int) -> Endpoint | None:
    """Return the endpoint with this id; None if there is none."""
    row = connection.execute(select(*_COLUMNS).where(_has_id(endpoint_id))).one_or_none()
    return _endpoint(row) if row else None


def wanting(connection: Connection, kind: EventType) -> list[Endpoint]:
    """Return the endpoints that are to be told of events of a type.

    No other transaction can remove them before this one ends, or move their cursors if the type is PAPER_ANNOUNCED.
    """
    enabled = select(*_COLUMNS).where(endpoint.c.disabled_at.is_(None)).order_by(endpoint.c.id)
    locked = enabled.with_for_update(read=kind is not EventType.PAPER_ANNOUNCED, key_share=True)
    return [each for each in map(_endpoint, connection.execute(locked)) if kind in each.events]


def has_waiting(connection: Connection, now: datetime) -> list[Endpoint]:
    """Return the endpoints that are not disabled and for which a delivery is due, or leased, at `now`.

    The sender that has leased a delivery may have died. Digests for a channel that is paused do not count.
    """
    is_due = or_(delivery.c.next_try <= now, delivery.c.state == DeliveryState.LEASED)
    waits = exists().where(delivery.c.endpoint_id == endpoint.c.id, delivery.c.next_try.is_not(None), is_due)
    waits = waits.where(may_be_sent())
    found = select(*_COLUMNS).where(endpoint.c.disabled_at.is_(None), waits).order_by(endpoint.c.id)
    return [_endpoint(row) for row in connection.execute(found)]


def set_url(connection: Connection, endpoint_id: int, new: NewEndpoint) -> None:
    """Give an endpoint the URL of another one, with what belongs to it."""
    names = ("url", "shown_url", "secret_file", "salt")
    values = {name: getattr(new, name) for name in names}
    connection.execute(update(endpoint).where(endpoint.c.id == endpoint_id).values(values))


def set_cursor(connection: Connection, endpoint_id: int, cursor: int) -> None:
    """Store that an endpoint was told of all papers up to a sequence number."""
    connection.execute(update(endpoint).where(endpoint.c.id == endpoint_id).values(cursor=cursor))


def disable(connection: Connection, endpoint_id: int, reason: str, now: datetime) -> None:
    """Send nothing more to an endpoint, and let the events that wait for it, or are leased, fail.

    The digests for a channel wait until it is enabled, or are taken in by its next digest.
    """
    disabled = {"disabled_at": now, "disabled_reason": reason}
    connection.execute(update(endpoint).where(endpoint.c.id == endpoint_id).values(disabled))
    failed = {"state": DeliveryState.FAILED, "next_try": None, "owner": None, "settled_at": now}
    reply = f"the endpoint was disabled: {reason}"
    is_event = delivery.c.subscriber_id.is_(None)
    waiting = (delivery.c.endpoint_id == endpoint_id, delivery.c.next_try.is_not(None), is_event)
    connection.execute(update(delivery).where(*waiting).values(**failed, reply=reply))


def enable(connection: Connection, endpoint_id: int) -> None:
    """Send to an endpoint again: the digests that wait, at once, but no events of the time in between."""
    enabled = {"disabled_at": None, "disabled_reason": "", "cursor": newest_sequence(connection)}
    connection.execute(update(endpoint).where(_has_id(endpoint_id)).values(enabled))
    deferred = (delivery.c.endpoint_id == endpoint_id, delivery.c.state == DeliveryState.DEFERRED)
    connection.execute(update(delivery).where(*deferred).values(next_try=AT_ONCE))
    connection.execute(delete(relay).where(relay.c.name == relay_name(endpoint_id)))


def remove(connection: Connection, endpoint_id: int) -> int:
    """Delete an endpoint, with all its deliveries and its state; return the number of deliveries."""
    connection.execute(delete(endpoint).where(_has_id(endpoint_id)))
    messages = connection.execute(delete(delivery).where(delivery.c.endpoint_id == endpoint_id)).rowcount
    connection.execute(delete(relay).where(relay.c.name == relay_name(endpoint_id)))
    return messages


def has_accepted_since(connection: Connection, endpoint_id: int, since: datetime) -> bool:
    """Return whether an endpoint has accepted a delivery at `since` or later."""
    row = delivery.c
    accepted = (row.endpoint_id == endpoint_id, row.state == DeliveryState.ACCEPTED, row.settled_at >= since)
    return bool(connection.scalar(select(exists().where(*accepted))))


def _has_id(endpoint_id: int) -> Any:
    return endpoint.c.id == min(max(endpoint_id, 0), LARGEST_ID)


def _endpoint(row: Row[Any]) -> Endpoint:
    known = tuple(EventType(each) for each in row.events if each in list(EventType))
    return Endpoint(**{**row._mapping, "events": known, "kind": EndpointKind(row.kind)})
