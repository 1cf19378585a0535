"""The values of subscribers and their subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Cadence(StrEnum):
    """The frequency of a subscriber's digests; INSTANT means after each dump."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class SubscriberState(StrEnum):
    """The state of a subscriber; only ACTIVE subscribers get digests."""

    PENDING = "PENDING"  # signed up, not confirmed yet
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    SUPPRESSED = "SUPPRESSED"  # mail to the address bounced


class RequestKind(StrEnum):
    """The kinds of stored requests.

    A request waits until its link is followed or, for WELCOME, until its mail is planned.
    """

    SIGN_UP = "sign-up"
    SIGN_IN = "sign-in"
    ADDRESS_CHANGE = "address-change"
    WELCOME = "welcome"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A query or a topic that a subscriber asked for.

    For a query, `query_id`, `canonical` (its canonical form) and `query` (as it was typed) are set; for a topic,
    `topic` is its slug. `label` is the heading of the subscription's section in a digest: the name if there is one,
    otherwise the readable form of the query or the topic's title.
    """

    id: int
    label: str
    query_id: int | None = None
    canonical: str | None = None
    topic: str | None = None
    query: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person who gets digests at an email address, with their settings and what their digests have covered.

    `hour` is a time of day, `HH:MM`, in the time zone `timezone` (an IANA name). `weekday` is 0 for Monday. `cursor` is
    the last paper sequence number, and `last_dump` the id of the last dump, that the subscriber's digests have taken
    into account. `last_date` is the intended local date of the last period used, and `last_week` that of the last
    weekly period used. `active_since` is the instant of the last confirmation, or of the end of the last pause: digests
    that were scheduled up to then are not sent. `paused_until` is when a pause ends by itself; None if the pause has no
    fixed end. `next_due` is the instant of the next scheduled digest; for the cadence INSTANT, that of the digest with
    the papers that were left over, or None. `left_over` holds the items that did not fit into the last digest, as
    `notifier.digests.items` writes them; it is empty if there are none. Links in mails sent before `signed_out_at` open
    no session. `taste` says whether the subscriber's feedback orders the papers of their digests. If `endpoint_id` is
    set, the subscriber is a channel, and `email` is `channel:` and its name: digests go to this endpoint, and no mail.
    """

    id: int
    email: str
    state: SubscriberState
    cadence: Cadence
    hour: str
    timezone: str
    weekday: int
    cursor: int
    last_dump: int
    confirmed_at: datetime | None
    active_since: datetime | None
    paused_until: datetime | None
    next_due: datetime | None
    last_date: date | None
    last_week: date | None
    subscriptions: tuple[Subscription, ...] = ()
    left_over: str = ""
    signed_out_at: datetime | None = None
    taste: bool = True
    endpoint_id: int | None = None
