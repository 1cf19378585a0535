"""Put events into the outbox, in the transaction that stores what they tell.

So an event is lost only if what it tells is undone too, and it tells nothing that did not happen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, delete, select, update

from notifier.digests.items import NO_ITEMS
from notifier.models import CHANNEL_PREFIX, EVENT_LISTS, DeliveryKind, DeliveryState, Endpoint, EventType
from notifier.store import endpoints, outbox
from notifier.store.tables import delivery

LARGEST_BODY = 20_000  # bytes of an event, unless a single entry is larger; the size that Standard Webhooks recommends

_SUBSCRIBER_EVENTS = [each for each, name in EVENT_LISTS.items() if name == "subscribers"]

Entry = Mapping[str, Any]


def record(connection: Connection, kind: EventType, entries: Sequence[Entry], now: datetime) -> None:
    """Tell the endpoints that want events of a type about these entries, in as few events as LARGEST_BODY allows."""
    if entries:
        for endpoint in endpoints.wanting(connection, kind):
            record_for(connection, endpoint, kind, entries, now)


def record_for(
    connection: Connection, endpoint: Endpoint, kind: EventType, entries: Iterable[Entry], now: datetime
) -> None:
    """Tell one endpoint about these entries, first in its newest event if that has the same type and was never claimed.

    So mails that are accepted one by one do not become one request each. No event of another type is overtaken.
    """
    newest = connection.execute(_newest_waiting(endpoint)).one_or_none()
    if newest is None or newest.period != kind or newest.epoch:
        outbox.add(connection, [_row(endpoint, kind, body, now) for body in _bodies(kind, entries, now)])
        return
    before = json.loads(newest.details)["data"][EVENT_LISTS[kind]]
    first, *others = _bodies(kind, [*before, *entries], newest.planned_at)
    connection.execute(update(delivery).where(delivery.c.id == newest.id).values(details=first))
    outbox.add(connection, [_row(endpoint, kind, body, now) for body in others])


def record_subscribers(
    connection: Connection, kind: EventType, people: Iterable[tuple[int, str]], now: datetime
) -> None:
    """Tell about subscribers, given by id and address; nobody is told about channels, which are no people."""
    told = [(person_id, email) for person_id, email in people if not email.startswith(CHANNEL_PREFIX)]
    record(connection, kind, [{"id": person_id, "email": email} for person_id, email in told], now)


def forget_subscriber(connection: Connection, subscriber_id: int) -> None:
    """Take a subscriber out of all events. An event that tells about nobody else is deleted."""
    row = delivery.c
    found = select(row.id, row.details).where(row.endpoint_id.is_not(None), row.period.in_(_SUBSCRIBER_EVENTS))
    for delivery_id, details in connection.execute(found).all():
        event = json.loads(details)
        people = event["data"]["subscribers"]
        others = [each for each in people if each["id"] != subscriber_id]
        if not others:
            connection.execute(delete(delivery).where(row.id == delivery_id))
        elif len(others) < len(people):
            event["data"]["subscribers"] = others
            connection.execute(update(delivery).where(row.id == delivery_id).values(details=_as_json(event)))


def event_body(kind: str, data: Mapping[str, Any], now: datetime) -> str:
    """Return the JSON of an event, in the structure that Standard Webhooks recommends."""
    return _as_json({"type": kind, "timestamp": now.astimezone(UTC).isoformat(), "data": data})


def new_event_id() -> str:
    """Return an id that no other event has."""
    return f"msg_{uuid4().hex}"


def _newest_waiting(endpoint: Endpoint) -> Select[Any]:
    """Return the query of the newest event that may be claimed at once; it locks the row."""
    row = delivery.c
    waiting = select(row.id, row.period, row.epoch, row.details, row.planned_at)
    found = waiting.where(row.endpoint_id == endpoint.id, row.next_try == outbox.AT_ONCE)
    return found.order_by(row.id.desc()).limit(1).with_for_update()


def _bodies(kind: EventType, entries: Iterable[Entry], now: datetime) -> Iterable[str]:
    """Yield the bodies of the events that hold these entries in their order."""
    name = EVENT_LISTS[kind]
    room = LARGEST_BODY - len(event_body(kind, {name: []}, now))
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        added = len(_as_json(entry).encode()) + 1  # the comma
        if batch and size + added > room:
            yield event_body(kind, {name: batch}, now)
            batch, size = [], 0
        batch.append(entry)
        size += added
    if batch:
        yield event_body(kind, {name: batch}, now)


def _row(endpoint: Endpoint, kind: EventType, body: str, now: datetime) -> dict[str, Any]:
    return {
        "subscriber_id": None,
        "endpoint_id": endpoint.id,
        "kind": DeliveryKind.EVENT,
        "period": kind,
        "recipient": endpoint.shown_url,
        "message_id": new_event_id(),
        "subject": kind,
        "items": NO_ITEMS,
        "details": body,
        "planned_at": now,
        "state": DeliveryState.PENDING,
        "next_try": outbox.AT_ONCE,
    }


def _as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
