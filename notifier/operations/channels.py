"""List, enable and remove channels: groups in chats, and the like, to which digests are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from notifier.errors import UsageError
from notifier.models import CHANNEL_PREFIX, Endpoint, EndpointKind, Subscriber
from notifier.store import endpoints, erasing, reading, retried, subscribers, writing


@dataclass(frozen=True, slots=True)
class ListedChannel:
    """A channel with its subscriber, who is None before something is subscribed."""

    endpoint: Endpoint
    subscriber: Subscriber | None


def list_channels(engine: Engine) -> list[ListedChannel]:
    """Return all channels, the oldest first."""
    with reading(engine) as connection:
        found = endpoints.all_endpoints(connection, EndpointKind.CHANNEL)
        known = subscribers.by_address(connection, [each.address for each in found])
    return [ListedChannel(each, known.get(each.address)) for each in found]


@retried
def enable_channel(engine: Engine, name: str) -> None:
    """Send to a channel again that was disabled. Raises UsageError if there is none with this name."""
    with writing(engine) as connection:
        endpoints.enable(connection, known_channel(connection, name).id)


@retried
def remove_channel(engine: Engine, name: str, now: datetime) -> int:
    """Remove a channel with its subscriptions and all its digests; return how many digests there were.

    Raises UsageError if there is none with this name.
    """
    with writing(engine) as connection:
        endpoint = known_channel(connection, name)
        messages = endpoints.remove(connection, endpoint.id)  # first: it waits for whoever subscribes the channel now
        if subscriber := subscribers.find(connection, endpoint.address, lock=True):
            messages += erasing.erase(connection, subscriber, now)
            erasing.delete_fingerprints(connection, [subscriber.email])  # a channel of this name may be imported again
        return messages


def known_channel(connection: Connection, name: str) -> Endpoint:
    """Return the channel with this name. Raises UsageError if there is none."""
    endpoint = endpoints.channel(connection, name.removeprefix(CHANNEL_PREFIX))
    if endpoint is None:
        raise UsageError(f"there is no channel {name!r}; `notifier channel` lists them")
    return endpoint
