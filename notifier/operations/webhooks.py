"""Add, list, test, enable and remove webhooks: endpoints to which events are sent."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from notifier.config import Config
from notifier.errors import FetchError, UsageError
from notifier.fetching import EventMessage, PostAnswer, check_webhook_url, endpoint_key, post_event, webhook_client
from notifier.models import TEST_EVENT, Clock, Endpoint, EndpointKind, EventType
from notifier.signing import webhook_secret
from notifier.store import endpoints, reading, retried, writing
from notifier.store.endpoints import NewEndpoint
from notifier.store.events import event_body, new_event_id

MOST_WEBHOOKS = 50
SALT_BYTES = 16


class WantedWebhook(NamedTuple):
    """A webhook to add: for events of these types, or of all types if none is named."""

    url: str
    kinds: Collection[EventType] = ()
    secret_file: Path | None = None


@dataclass(frozen=True, slots=True)
class AddedWebhook:
    """A webhook that was just added. Its secret is empty if it is in a file of the operator's."""

    id: int
    secret: str


def add_webhook(engine: Engine, config: Config, wanted: WantedWebhook, now: datetime) -> AddedWebhook:
    """Add a webhook.

    Raises UsageError if the URL cannot be used or there are too many webhooks, and ConfigError if the secret cannot.
    """
    try:
        shown_url = check_webhook_url(wanted.url, config.fetching_settings)
    except FetchError as error:
        raise UsageError(str(error)) from None
    file = str(wanted.secret_file.absolute()) if wanted.secret_file else ""
    chosen = [each for each in EventType if each in wanted.kinds or not wanted.kinds]
    new = NewEndpoint(wanted.url, shown_url, chosen, file, secrets.token_hex(SALT_BYTES))
    endpoint = _add(engine, new, config, now)
    return AddedWebhook(endpoint.id, "" if file else webhook_secret(endpoint_key(endpoint, config)))


@retried
def _add(engine: Engine, new: NewEndpoint, config: Config, now: datetime) -> Endpoint:
    """Store a webhook, unless there are too many, or its secret cannot be read or derived."""
    with writing(engine) as connection:
        if len(endpoints.all_endpoints(connection, EndpointKind.WEBHOOK)) >= MOST_WEBHOOKS:
            raise UsageError(f"there are {MOST_WEBHOOKS} webhooks, and no more can be added; remove one")
        endpoint = endpoints.find(connection, endpoints.add(connection, new, now))
        assert endpoint is not None
        endpoint_key(endpoint, config)  # raises ConfigError, which undoes the transaction
        return endpoint


def list_webhooks(engine: Engine) -> list[Endpoint]:
    """Return all webhooks, the oldest first."""
    with reading(engine) as connection:
        return endpoints.all_endpoints(connection, EndpointKind.WEBHOOK)


def send_test_event(engine: Engine, config: Config, endpoint_id: int, clock: Clock) -> tuple[Endpoint, PostAnswer]:
    """Send an event of the type TEST_EVENT to a webhook, outside the outbox; return the webhook and its answer.

    Raises UsageError if there is no such webhook, FetchError without an answer, and ConfigError without a secret.
    """
    with reading(engine) as connection:
        endpoint = _known(endpoints.find(connection, endpoint_id), endpoint_id)
    key, now = endpoint_key(endpoint, config), clock()
    event = EventMessage(new_event_id(), event_body(TEST_EVENT, {"webhook": endpoint.id}, now).encode())
    with webhook_client(config, clock) as client:
        return endpoint, post_event(client, endpoint, key, event, now)


@retried
def enable_webhook(engine: Engine, endpoint_id: int) -> None:
    """Send events again to a webhook that was disabled. Raises UsageError if there is none with this id."""
    with writing(engine) as connection:
        if _known(endpoints.find(connection, endpoint_id), endpoint_id).disabled_at:
            endpoints.enable(connection, endpoint_id)


@retried
def remove_webhook(engine: Engine, endpoint_id: int) -> None:
    """Remove a webhook with all its events. Raises UsageError if there is none with this id."""
    with writing(engine) as connection:
        _known(endpoints.find(connection, endpoint_id), endpoint_id)
        endpoints.remove(connection, endpoint_id)


def _known(endpoint: Endpoint | None, endpoint_id: int) -> Endpoint:
    if endpoint is None or endpoint.kind is not EndpointKind.WEBHOOK:
        raise UsageError(f"there is no webhook {endpoint_id}; `notifier webhooks` lists them")
    return endpoint
