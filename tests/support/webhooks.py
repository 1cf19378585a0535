"""Helpers for tests of webhooks: endpoints at a server on loopback, and the events that came to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, select
from support.https_service import Asked, HttpsService
from support.outbox import SettableClock

from notifier.config import Config, FetchingConfig
from notifier.models import EVENT_LISTS, DeliveryKind, EventType
from notifier.operations.webhooks import AddedWebhook, WantedWebhook, add_webhook
from notifier.pipeline.delivering import deliver
from notifier.sending import DeliveryReport
from notifier.store.engine import reading
from notifier.store.tables import delivery

LOCAL = FetchingConfig(allow_http=("127.0.0.1",), allow_private=("127.0.0.1",))
KEY = "ab" * 32
START = datetime.fromisoformat("2026-07-06T08:00:00+00:00")


def webhook_config(folder: Path, **tables: Any) -> Config:
    """Return a config that allows requests to 127.0.0.1, and make its secret key."""
    (folder / "var").mkdir(exist_ok=True)
    (folder / "var" / "secret.key").write_text(KEY, encoding="ascii")
    (folder / "var" / "secret.key").chmod(0o600)
    return Config(fetching=LOCAL, **tables).located_in(folder)


def add_endpoint(
    engine: Engine, config: Config, service: HttpsService, kinds: Sequence[EventType] = (), path: str = "/hook"
) -> AddedWebhook:
    """Add a webhook to a path of the server."""
    return add_webhook(engine, config, WantedWebhook(service.url(path, "127.0.0.1"), kinds), START)


def deliver_at(engine: Engine, config: Config, now: datetime = START) -> DeliveryReport:
    """Deliver at an instant, and return the report of the events."""
    report = deliver(engine, config, SettableClock(now))
    assert report.events is not None
    return report.events


def event_rows(engine: Engine) -> list[Row[Any]]:
    """Return the events of the outbox, the oldest first."""
    with reading(engine) as connection:
        events = select(delivery).where(delivery.c.kind == DeliveryKind.EVENT)
        return list(connection.execute(events.order_by(delivery.c.id)))


def event_states(engine: Engine) -> list[str]:
    """Return the states of the events, the oldest first."""
    return [row.state for row in event_rows(engine)]


def is_signed(asked: Asked, secret: str) -> bool:
    """Return whether a request is signed as Standard Webhooks says; this is written without the code of notifier."""
    key = base64.b64decode(secret[len("whsec_") :])
    headers = asked.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{asked.body.decode()}"
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def told(service: HttpsService, kind: EventType) -> list[dict[str, Any]]:
    """Return all that the events of a type told, in the order in which they came."""
    events = [json.loads(asked.body) for asked in service.requests]
    return [entry for event in events if event["type"] == kind for entry in event["data"][EVENT_LISTS[kind]]]
