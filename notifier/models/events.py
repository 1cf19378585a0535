"""The values of endpoints: the types of events, and the webhooks and channels to which something is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class EventType(StrEnum):
    """The types of events that an endpoint can ask for."""

    PAPER_ANNOUNCED = "paper.announced"  # papers that the next digests may hold
    DIGEST_ACCEPTED = "digest.accepted"  # the relay has accepted digests
    SUBSCRIBER_CONFIRMED = "subscriber.confirmed"  # people have agreed to get digests
    SUBSCRIBER_UNSUBSCRIBED = "subscriber.unsubscribed"
    SUBSCRIBER_SUPPRESSED = "subscriber.suppressed"  # their addresses were refused
    SOURCE_STALE = "source.stale"  # no papers come from a source any more


# The name of the list that `data` of an event holds.
EVENT_LISTS: Mapping[EventType, str] = {
    EventType.PAPER_ANNOUNCED: "papers",
    EventType.DIGEST_ACCEPTED: "digests",
    EventType.SUBSCRIBER_CONFIRMED: "subscribers",
    EventType.SUBSCRIBER_UNSUBSCRIBED: "subscribers",
    EventType.SUBSCRIBER_SUPPRESSED: "subscribers",
    EventType.SOURCE_STALE: "sources",
}
TEST_EVENT = "webhook.test"  # the type of the event by which an operator tests an endpoint


class EndpointKind(StrEnum):
    """The kinds of endpoints."""

    WEBHOOK = "webhook"  # a URL to which events are sent
    CHANNEL = "channel"  # a group in a chat, or a topic of ntfy, to which digests are sent


CHANNEL_PREFIX = "channel:"  # begins the address of the subscriber that is a channel


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook, to which events are sent, or a channel, to which digests are sent.

    `shown_url` is the URL without what may be a secret in it. The secret that signs the events is in `secret_file`, or
    is derived from the service's secret key and `salt` if no file is named. `cursor` is the last sequence number of a
    paper that the endpoint was told of. Nothing is sent to the endpoint from `disabled_at` on.

    A channel has a name. Its whole URL is a secret: `url` holds it encrypted, or `secret_file` names the file with it.
    For a channel, `shown_url` names the service and its host.
    """

    id: int
    url: str = field(repr=False)
    shown_url: str
    events: tuple[EventType, ...]
    secret_file: str
    salt: str = field(repr=False)
    cursor: int
    created_at: datetime
    disabled_at: datetime | None = None
    disabled_reason: str = ""
    kind: EndpointKind = EndpointKind.WEBHOOK
    name: str | None = None

    @property
    def address(self) -> str:
        """The address under which a channel is subscribed."""
        return f"{CHANNEL_PREFIX}{self.name}"


class ServiceAnswer(NamedTuple):
    """The answer of a channel's service: the names of headers are in lower case, and only the body's beginning is kept.

    `retry_after` is the time before which the header Retry-After asks for no further request.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after: datetime | None = None
