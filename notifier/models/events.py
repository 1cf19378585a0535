"""The values of webhooks: the types of events, and the endpoints that want them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL to which events are sent.

    `shown_url` is the URL without what may be a secret in it. The secret that signs the events is in `secret_file`, or
    is derived from the service's secret key and `salt` if no file is named. `cursor` is the last sequence number of a
    paper that the endpoint was told of. The endpoint gets no events from `disabled_at` on.
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
