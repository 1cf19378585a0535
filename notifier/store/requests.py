"""Store what people asked for and still have to confirm by a link, and find the notices that carry these links.

A notice is a delivery without a subscriber, because the recipient may be no subscriber yet, or may be paused. All
statements about notices use the index of deliveries by subscriber and kind.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, false, func, not_, or_, select, update

from notifier.models import DeliveryKind, RequestKind, Subscriber
from notifier.store.outbox import is_unsettled
from notifier.store.statements import insert_all
from notifier.store.tables import delivery, request
from notifier.text.addresses import address_key

# Deliveries without papers and without a subscriber. An alert is one of them, because it goes to an operator.
NOTICES = (DeliveryKind.CONFIRMATION, DeliveryKind.SIGN_IN, DeliveryKind.ADDRESS_CHANGE, DeliveryKind.ALERT)
NOTICES_KEPT = timedelta(days=30)  # how long a notice that was sent stays in the outbox


@dataclass(frozen=True, slots=True)
class Request:
    """A stored request; `subscriber_id` is None for the sign-up of an address that may be unknown."""

    id: int
    kind: RequestKind
    subscriber_id: int | None
    payload: dict[str, Any]
    expires_at: datetime
    mailed_at: datetime | None


class NewRequest(NamedTuple):
    """A request to store, and how long its link works."""

    kind: RequestKind
    email: str
    lifetime: timedelta
    payload: dict[str, Any]
    subscriber_id: int | None = None


def get(connection: Connection, request_id: int, now: datetime, *, lock: bool = False) -> Request | None:
    """Return a request; None if it has expired, was used, or never existed.

    With `lock`, no other transaction can use it before this transaction ends.
    """
    statement = select(request).where(request.c.id == request_id, request.c.expires_at > now)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return _request(row) if row else None


def find_even_expired(connection: Connection, request_id: int) -> Request | None:
    """Return a request, even if it has expired; None if it was used, was deleted, or never existed."""
    row = connection.execute(select(request).where(request.c.id == request_id)).one_or_none()
    return _request(row) if row else None


def notices_of(connection: Connection, kind: DeliveryKind, request_id: int) -> list[tuple[str, str]]:
    """Return the recipient and the details of each notice about a request, the oldest first."""
    about = and_(is_notice(), delivery.c.kind == kind, delivery.c.period == period_of(request_id))
    rows = connection.execute(select(delivery.c.recipient, delivery.c.details).where(about).order_by(delivery.c.id))
    return [(row.recipient, row.details) for row in rows]


def period_of(request_id: int) -> str:
    """Return the period of the notices about a request."""
    return f"request:{request_id}"


def replace_request(connection: Connection, new_request: NewRequest, now: datetime) -> Request:
    """Store a request in place of the former one of the same kind and address, and lock it.

    If the former one has not expired, the new one gets its id. So a link that was mailed before leads to the newest
    request. If it has expired, its id is never used again.
    """
    key = address_key(new_request.email)
    of_address = and_(request.c.kind == new_request.kind, request.c.address_key == key)
    connection.execute(delete(request).where(of_address, request.c.expires_at <= now))
    stored = {"payload": json.dumps(new_request.payload), "subscriber_id": new_request.subscriber_id}
    values = {**stored, "expires_at": now + new_request.lifetime}
    row = {"kind": new_request.kind, "address_key": key, "created_at": now, **values}
    insert_all(connection, request, [row], ignore_known=True)
    changed = update(request).where(of_address).values(values).returning(*request.c)
    return _request(connection.execute(changed).one())


def set_payload(connection: Connection, request_id: int, payload: dict[str, Any]) -> None:
    """Replace the payload of a request."""
    connection.execute(update(request).where(request.c.id == request_id).values(payload=json.dumps(payload)))


def set_mailed(connection: Connection, request_id: int, now: datetime) -> None:
    """Store that a mail with the link of a request was queued at `now`."""
    connection.execute(update(request).where(request.c.id == request_id).values(mailed_at=now))


def remove(connection: Connection, request_id: int) -> None:
    """Delete a request that was used, or is not wanted any more."""
    connection.execute(delete(request).where(request.c.id == request_id))


def remove_of(connection: Connection, kind: RequestKind, subscriber_id: int) -> None:
    """Delete a subscriber's requests of this kind."""
    connection.execute(delete(request).where(request.c.kind == kind, request.c.subscriber_id == subscriber_id))


def last_mailed(connection: Connection, kind: RequestKind, email: str) -> datetime | None:
    """Return when the newest mail for an address's request of this kind was queued; None if there is none."""
    of_address = and_(request.c.kind == kind, request.c.address_key == address_key(email))
    at: datetime | None = connection.scalar(select(request.c.mailed_at).where(of_address))
    return at


def of_address(connection: Connection, kind: RequestKind, email: str, now: datetime) -> Request | None:
    """Return an address's request of this kind, locked until this transaction ends; None if there is none."""
    mine = and_(request.c.kind == kind, request.c.address_key == address_key(email), request.c.expires_at > now)
    row = connection.execute(select(request).where(mine).with_for_update()).one_or_none()
    return _request(row) if row else None


def all_of(connection: Connection, person: Subscriber) -> list[Row[Any]]:
    """Return the kind, payload and times of all requests of a subscriber and of their address."""
    columns = [request.c[name] for name in ("kind", "payload", "created_at", "expires_at", "mailed_at")]
    return list(connection.execute(select(*columns).where(_is_of(person)).order_by(request.c.id)))


def of_kind(connection: Connection, kind: RequestKind, limit: int) -> list[Request]:
    """Return at most `limit` requests of a kind, the oldest first."""
    rows = connection.execute(select(request).where(request.c.kind == kind).order_by(request.c.id).limit(limit))
    return [_request(row) for row in rows]


def addresses_of(connection: Connection, person: Subscriber) -> list[str]:
    """Return the addresses to which notices about a subscriber went: theirs, and one that they want to change to."""
    changes = and_(request.c.kind == RequestKind.ADDRESS_CHANGE, request.c.subscriber_id == person.id)
    payloads = connection.scalars(select(request.c.payload).where(changes))
    return [person.email, *(json.loads(payload)["new_email"] for payload in payloads)]


def delete_of(connection: Connection, person: Subscriber) -> None:
    """Delete all requests of a subscriber and of their address."""
    connection.execute(delete(request).where(_is_of(person)))


def is_notice() -> ColumnElement[bool]:
    """Return the condition that a delivery is a notice."""
    return and_(delivery.c.subscriber_id.is_(None), delivery.c.kind.in_(NOTICES))


def has_old(connection: Connection, now: datetime) -> bool:
    """Return whether `delete_old` would delete anything."""
    old = (select(request.c.id).where(_has_expired(now)), select(delivery.c.id).where(_is_old_notice(now)))
    return any(connection.execute(statement.limit(1)).first() for statement in old)


def delete_old(connection: Connection, now: datetime) -> None:
    """Delete the requests that have expired, and the notices that were settled long ago.

    A sign-up that has expired stays as long as its notice, whose link then offers a new link for the same sign-up.
    """
    connection.execute(delete(request).where(_has_expired(now)))
    connection.execute(delete(delivery).where(_is_old_notice(now)))


def _is_of(person: Subscriber) -> ColumnElement[bool]:
    return or_(request.c.subscriber_id == person.id, request.c.address_key == address_key(person.email))


def _has_expired(now: datetime) -> ColumnElement[bool]:
    may_return = and_(request.c.kind == RequestKind.SIGN_UP, request.c.mailed_at > now - NOTICES_KEPT)
    return and_(request.c.expires_at <= now, not_(func.coalesce(may_return, false())))


def _is_old_notice(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a notice is settled and was planned long ago."""
    return and_(is_notice(), delivery.c.planned_at <= now - NOTICES_KEPT, ~_waits())


def _waits() -> ColumnElement[bool]:
    return and_(delivery.c.next_try.is_not(None), is_unsettled())


def _request(row: Row[Any]) -> Request:
    payload = json.loads(row.payload)
    return Request(row.id, RequestKind(row.kind), row.subscriber_id, payload, row.expires_at, row.mailed_at)
