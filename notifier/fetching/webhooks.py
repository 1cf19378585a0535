"""Send events to endpoints, signed as the Standard Webhooks specification says, and check the URLs and secrets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from notifier.config import Config, FetchingConfig, secret_key
from notifier.errors import ConfigError
from notifier.fetching.client import Client
from notifier.fetching.http_messages import PostAnswer
from notifier.fetching.ip_addresses import check_host
from notifier.fetching.urls import check_tls, read_url
from notifier.models import Clock, Endpoint
from notifier.signing import derived_webhook_key, event_signature, webhook_key

SECONDS = 15.0  # for one request; Standard Webhooks recommends 15 to 30
LONGEST_FILE = 1024  # bytes of a file with a secret


def webhook_client(config: Config, clock: Clock) -> Client:
    """Return a client for requests to endpoints: its settings are those of `[fetching]` with a shorter timeout."""
    return Client(config.fetching_settings.model_copy(update={"seconds": SECONDS}), clock=clock)


class EventMessage(NamedTuple):
    """An event as it is sent: its id, and its JSON."""

    id: str
    body: bytes


def post_event(client: Client, endpoint: Endpoint, key: bytes, event: EventMessage, now: datetime) -> PostAnswer:
    """Sign an event with `key`, and send it at `now`. Raises FetchError if there is no answer."""
    timestamp = int(now.timestamp())
    headers = {
        "webhook-id": event.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": event_signature(key, event.id, timestamp, event.body),
    }
    return client.post_json(endpoint.url, event.body, headers)


def check_webhook_url(url: str, settings: FetchingConfig) -> str:
    """Return a URL as it may be shown. Raises FetchError if no request to it is allowed, whatever its host resolves to.

    The IP addresses of a host with a name are checked before each request.
    """
    parsed = read_url(url)
    check_tls(parsed, settings.allow_http)
    check_host(parsed, parsed.host in settings.allow_private)
    return str(parsed)


def endpoint_key(endpoint: Endpoint, config: Config) -> bytes:
    """Return the key that signs the events for an endpoint. Raises ConfigError if its file cannot be used."""
    if endpoint.secret_file:
        return key_in_file(Path(endpoint.secret_file))
    return derived_webhook_key(secret_key(config), endpoint.salt)


def key_in_file(file: Path) -> bytes:
    """Return the key in a file that holds a secret of the form whsec_... Raises ConfigError if there is none."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LONGEST_FILE)
        return webhook_key(content.decode("ascii").strip())
    except OSError as error:
        raise ConfigError(
            f"cannot read the secret of the webhook in {file}: {error.strerror}; check its name and who owns it"
        ) from None
    except ValueError as error:
        reason = "it is not ASCII" if isinstance(error, UnicodeError) else str(error)
        raise ConfigError(
            f"{file} holds no secret of a webhook: {reason}; write whsec_ and 24 to 64 random bytes in base64 into it"
        ) from None
