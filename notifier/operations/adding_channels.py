"""Add channels, give them another URL, and test them."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from notifier.config import Config, secret_key
from notifier.delivery import Outcome
from notifier.delivery.channels import ChannelMessage, OpenChannel, open_channel
from notifier.errors import FetchError, UsageError
from notifier.fetching import check_webhook_url
from notifier.models import Clock, Endpoint, EndpointKind
from notifier.operations.channels import known_channel
from notifier.sending import post_to_channel, url_in_file
from notifier.signing import encrypted
from notifier.store import endpoints, outbox, reading, retried, writing
from notifier.store.endpoints import NewEndpoint
from notifier.text.addresses import CHANNEL_NAME_RULE, is_channel_name

MOST_CHANNELS = 50
SALT_BYTES = 16


class ChannelUrl(NamedTuple):
    """The URL of a channel, or the file that holds it."""

    url: str = ""
    file: Path | None = None


def check_name(name: str) -> None:
    """Raise UsageError if a channel cannot have this name."""
    if not is_channel_name(name):
        raise UsageError(f"{name!r} is no name for a channel; {CHANNEL_NAME_RULE}")


@retried
def add_channel(engine: Engine, config: Config, name: str, given: ChannelUrl, now: datetime) -> Endpoint:
    """Add a channel. Raises UsageError if the name or the URL cannot be used, and ConfigError without a secret key."""
    check_name(name)
    new = _new_endpoint(config, name, given)
    with writing(engine) as connection:
        if endpoints.channel(connection, name):
            raise UsageError(
                f"there is a channel {name} already; `notifier channel set {name}` gives it another URL, or choose "
                "another name"
            )
        if len(endpoints.all_endpoints(connection, EndpointKind.CHANNEL)) >= MOST_CHANNELS:
            raise UsageError(f"there are {MOST_CHANNELS} channels, and no more can be added; remove one")
        endpoint = endpoints.find(connection, endpoints.add(connection, new, now))
        assert endpoint is not None
        return endpoint


@retried
def set_channel_url(engine: Engine, config: Config, name: str, given: ChannelUrl) -> Endpoint:
    """Give a channel another URL, and enable it. Its subscriptions stay. Raises the same errors as `add_channel`."""
    new = _new_endpoint(config, name, given)
    with writing(engine) as connection:
        known = known_channel(connection, name)
        endpoints.set_url(connection, known.id, new)
        endpoints.enable(connection, known.id)
        return known_channel(connection, name)


def test_channel(engine: Engine, config: Config, name: str, clock: Clock) -> tuple[Endpoint, Outcome]:
    """Send a message to a channel at once, outside the outbox; return the channel and the outcome.

    Raises UsageError if there is no such channel, and ConfigError if its URL cannot be used.
    """
    with reading(engine) as connection:
        endpoint = known_channel(connection, name)
    message = ChannelMessage(
        f"Test of the channel {name}", f"{config.mail.brand} can send its digests here. Nothing else is to be done."
    )
    return endpoint, post_to_channel(endpoint, config, message, outbox.new_message_id(config.mail.sender), clock)


def _new_endpoint(config: Config, name: str, given: ChannelUrl) -> NewEndpoint:
    """Return the row of a channel, whose URL is encrypted unless a file holds it. Raises UsageError or ConfigError."""
    file = given.file.absolute() if given.file else None
    url = url_in_file(file) if file else given.url.strip()
    channel = open_channel(url)
    _check_server(channel, config)
    salt = secrets.token_hex(SALT_BYTES)
    stored = "" if file else encrypted(url, secret_key(config), salt)
    return NewEndpoint(stored, channel.shown, (), str(file or ""), salt, EndpointKind.CHANNEL, name)


def _check_server(channel: OpenChannel, config: Config) -> None:
    """Raise UsageError if no request to the server of a channel is allowed, whatever its host resolves to."""
    try:
        check_webhook_url(channel.server, config.fetching_settings)
    except FetchError as error:
        raise UsageError(str(error)) from None
