"""The nouns: frozen values that the rooms hand to each other. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

Span = tuple[int, int]  # half-open, in code points
Clock = Callable[[], datetime]  # returns the current instant, in UTC


class ListedOnFrom(StrEnum):
    """How a dump's listing day was decided."""

    OPTION = "option"  # the operator said so
    NAME = "name"  # the file's name holds a date
    PAGE = "page"  # the dump's own text holds a date
    CLOCK = "clock"  # nothing said it: the day of ingest, in UTC


class DumpStatus(StrEnum):
    """What became of a dump."""

    INGESTED = "ingested"
    KNOWN = "known"  # the same bytes came before
    QUARANTINED = "quarantined"  # not a dump, or unreadable


class Cadence(StrEnum):
    """How often a subscriber is written to."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class SubscriberState(StrEnum):
    """Whether a subscriber is written to; only ACTIVE ones are."""

    PENDING = "PENDING"  # signed up, not confirmed
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    SUPPRESSED = "SUPPRESSED"  # the address bounced


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    DIGEST = "digest"
    CONFIRMATION = "confirmation"
    WELCOME = "welcome"
    ALERT = "alert"


class DeliveryState(StrEnum):
    """Where a delivery stands. Rows leave LEASED only by the hand that holds their epoch."""

    PENDING = "PENDING"  # to be sent as soon as a lane is free
    LEASED = "LEASED"  # a sender holds it until its lease ends
    ACCEPTED = "ACCEPTED"  # the relay answered 250 to the final dot
    DEFERRED = "DEFERRED"  # tried and to be tried again at `next_try`
    REJECTED = "REJECTED"  # the relay refused this recipient for good
    FAILED = "FAILED"  # cannot be made or handed over; its items are kept
    CANCELLED = "CANCELLED"  # the subscriber left before it was sent
    UNCERTAIN = "UNCERTAIN"  # the connection was lost at or after the final dot
    EXPIRED = "EXPIRED"  # too old; the next digest has its items
    SKIPPED = "SKIPPED"  # an empty digest: its period is used, nothing is sent
    HELD = "HELD"  # kept back by the operator, until they retry it


class Announce(StrEnum):
    """Why an arXiv feed shows a paper; only new papers and cross-lists are announced to readers."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a dump that is no listing: its place (such as `line 3`) and why it was passed over."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFields:
    """The fields that a source may give for a paper, beside its title and abstract. All text is clean.

    A field that no source gives is None or empty. `published` and `updated` are the paper's own days, never listing
    days. `note` is what arXiv calls the comments: the authors' line about pages, venue and code.
    """

    arxiv_id: str | None = None  # without version
    url: str | None = None  # of the abstract
    upvotes: int | None = None  # None is unknown, which is not zero
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    version: int | None = None
    doi: str | None = None
    published: date | None = None
    updated: date | None = None
    note: str = ""
    pdf: str | None = None
    page: str | None = None  # where the paper is discussed
    project: str | None = None
    code: str | None = None
    stars: int | None = None  # of the code repository
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Listing(PaperFields):
    """One paper as one dump lists it.

    `position` counts from 1 in the dump's own order. `where` is its place in the dump, such as `lines 5-6`. `listed_on`
    is set only if the listing itself gives its day. `comments` is the number of comments on the page.
    """

    position: int
    title: str
    abstract: str = ""
    where: str = ""
    listed_on: date | None = None
    comments: int | None = None
    announce: Announce | None = None


@dataclass(frozen=True, slots=True)
class ParsedDump:
    """What a source read from a dump's bytes; `listings` and `skipped` together account for all of it.

    `full_date` is a date with its year inside the dump, `month_day` one without. Where two sources differ about a
    paper, the higher `rank` is believed. `deleted` are the arXiv ids that the source says are gone.
    """

    format: str
    listings: tuple[Listing, ...]
    skipped: tuple[Skipped, ...] = ()
    full_date: date | None = None
    month_day: tuple[int, int] | None = None
    rank: int = 1
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper(PaperFields):
    """A work, as it is matched and shown.

    `key` is its arXiv id, or `t-` and 16 hex digits. `listed_on` is its first listing day. `sequence` is below 0 if no
    subscriber is to be told about the paper.
    """

    id: int
    key: str
    title: str
    abstract: str
    sequence: int
    first_seen: datetime
    listed_on: date
    source: str = ""
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tags:
    """What a paper is tagged with: the slugs of its topics, by the catalogue of this fingerprint, and its tokens."""

    fingerprint: str
    slugs: tuple[str, ...]
    tokenised: bytes


class Spans(NamedTuple):
    """Where a query's words stand in a paper: half-open spans in code points, in order, not overlapping."""

    title: tuple[Span, ...] = ()
    abstract: tuple[Span, ...] = ()


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, overlapping ones made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One thing that a subscriber asked for: a query (its canonical form and id) or a topic's slug.

    `label` is what the subscriber typed, or the topic's title: what a section of the digest is headed with.
    """

    id: int
    label: str
    query_id: int | None = None
    canonical: str | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address and what it is owed.

    `hour` is `HH:MM` in `timezone`, `weekday` 0 on Monday. `cursor` is the last paper sequence number that the
    subscriber's digests took into account, `last_dump` the last dump; `last_date` and `last_week` are the intended
    local dates of the last period used, and of the last weekly one. `active_since` is the last confirmation or end of a
    pause: no slot up to then counts. `paused_until` is when a pause ends by itself; None until resumed.
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


class Item(NamedTuple):
    """A paper's place in a digest, fixed when planned: upvotes, the spans to mark, and `also`, the labels of the
    reader's other subscriptions that it matched too."""

    paper_id: int
    upvotes: int | None = None
    marks: Spans = Spans()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One subscription's papers in a digest, best first; its id is None in rows written before ids were kept."""

    label: str
    items: tuple[Item, ...]
    subscription_id: int | None = None


class Envelope(NamedTuple):
    """Who a message is from and to, on the wire; both are ASCII addresses."""

    sender: str
    recipient: str


class Mail(NamedTuple):
    """A message ready to be handed over: `content` is its bytes, CRLF line ends, headers and body.

    `is_wire_form` where it was made so that SMTP carries it as it is: it is ASCII, ends with CRLF, no CR or LF stands
    alone, and no line begins with a dot.
    """

    envelope: Envelope
    message_id: str
    content: bytes
    is_wire_form: bool = False


@dataclass(frozen=True, slots=True)
class RelayState:
    """How the relay stands, as its row keeps it for all senders.

    It is paused where `paused_until` is set; from then on one sender at a time may try it with one mail (`probe_owner`,
    until `probe_until` at most), which ends the pause or begins a longer one; `pauses` counts those in a row. `errors`
    and `busy` are counted in a row too; `recent` holds the last answers, `x` for an error and `.` for none;
    `policy_domains` those whose mail was refused by policy since the last acceptance. `sent` mails were taken on `day`
    (UTC); the next may go out at `next_turn` where there is a rate to keep to.
    """

    paused_until: datetime | None = None
    reason: str = ""
    pauses: int = 0
    errors: int = 0
    busy: int = 0
    recent: str = ""
    policy_domains: tuple[str, ...] = ()
    probe_owner: str | None = None
    probe_until: datetime | None = None
    day: date | None = None
    sent: int = 0
    next_turn: datetime | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """One message to one subscriber for one period, as its row keeps it: all that a repeat must show the same.

    `rest` holds the papers beyond the digest's limit, listed by title; they count as told. `planned_at` is the Date.
    `subscriber_id` is None where the subscriber is gone.
    """

    recipient: str
    period: str
    planned_at: datetime
    message_id: str
    subject: str
    sections: tuple[Section, ...]
    rest: tuple[Item, ...] = ()
    subscriber_id: int | None = None

    @property
    def paper_ids(self) -> set[int]:
        """The ids of all its papers."""
        return {item.paper_id for section in self.sections for item in section.items}.union(
            item.paper_id for item in self.rest
        )
