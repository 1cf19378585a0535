"""The values that the packages of notifier pass to each other: papers, dumps, subscribers, digests and mails.

All of them are immutable. This module does no I/O and reads no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from notifier.errors import shortened

Span = tuple[int, int]  # start and end of a passage in a text, in code points; the end is not included
Clock = Callable[[], datetime]  # returns the current instant, in UTC


class ListedOnFrom(StrEnum):
    """The source of a dump's listing day."""

    OPTION = "option"  # the operator gave it
    NAME = "name"  # from the date in the file's name
    PAGE = "page"  # from a date in the dump's text
    CLOCK = "clock"  # no date was found: the day of ingest, in UTC


class DumpStatus(StrEnum):
    """The outcome of ingesting a dump."""

    INGESTED = "ingested"
    KNOWN = "known"  # a dump with the same bytes was ingested before
    QUARANTINED = "quarantined"  # it cannot be read as a dump
    WAITING = "waiting"  # it is not complete yet, or another process reads it; it is read later
    FAILED = "failed"  # it could not be read or stored now; it is tried again


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


class DeliveryKind(StrEnum):
    """The kind of message that a delivery carries."""

    DIGEST = "digest"
    CONFIRMATION = "confirmation"  # asks somebody to confirm a sign-up
    WELCOME = "welcome"  # the first mail after a confirmation, with the first papers
    SIGN_IN = "sign-in"  # a link that opens a session
    ADDRESS_CHANGE = "address-change"  # asks a subscriber to confirm a change of their address
    ALERT = "alert"


# The messages that hold papers, which no later message to the same subscriber may hold again.
KINDS_WITH_PAPERS = (DeliveryKind.DIGEST, DeliveryKind.WELCOME)


class RequestKind(StrEnum):
    """The kinds of stored requests.

    A request waits until its link is followed or, for WELCOME, until its mail is planned.
    """

    SIGN_UP = "sign-up"
    SIGN_IN = "sign-in"
    ADDRESS_CHANGE = "address-change"
    WELCOME = "welcome"


class DeliveryState(StrEnum):
    """The state of a delivery.

    A sender claims a delivery for a limited time, its lease; each claim raises the delivery's epoch. A sender may store
    a result only under the epoch of its own claim, so that it cannot overwrite what a later sender did.
    """

    PENDING = "PENDING"  # ready to be sent
    LEASED = "LEASED"  # claimed by one sender, until its lease ends
    ACCEPTED = "ACCEPTED"  # the relay took the message: it answered 250 to the final dot
    DEFERRED = "DEFERRED"  # failed for now; it is tried again at `next_try`
    REJECTED = "REJECTED"  # the relay refused this recipient permanently
    FAILED = (
        "FAILED"  # it cannot be composed or sent; if it is too large for the relay, the next digest takes in its items
    )
    CANCELLED = "CANCELLED"  # the subscriber unsubscribed before it was sent
    UNCERTAIN = "UNCERTAIN"  # the connection was lost at or after the final dot, so the relay may have it
    EXPIRED = "EXPIRED"  # too old, or still waiting when the next digest was planned; that digest takes in its items
    SKIPPED = "SKIPPED"  # an empty digest: its period counts as used, and nothing is sent
    HELD = "HELD"  # kept back by the operator until they retry it


class Announce(StrEnum):
    """The reasons why an arXiv feed lists a paper; replacements are never announced to subscribers."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a dump that was skipped: its place in the dump, such as `line 3`, and the reason, which is short."""

    where: str
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", shortened(self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFields:
    """The fields that a source may give for a paper, besides its title and abstract.

    All text has been cleaned. A field that no source gives is None, empty or False. `published` and `updated` are the
    dates of the paper itself, never listing days. `note` is what arXiv calls the comments: the authors' line about
    pages, venue and code. `summary` is a sentence or two about the paper that a model wrote, as daily papers give it.
    """

    arxiv_id: str | None = None  # without version
    url: str | None = None  # of the page with the abstract
    upvotes: int | None = None  # None is unknown, which is not zero
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    version: int | None = None
    doi: str | None = None
    published: date | None = None
    updated: date | None = None
    note: str = ""
    summary: str = ""
    pdf: str | None = None  # URL
    page: str | None = None  # URL of the page where the paper is discussed
    project: str | None = None  # URL
    code: str | None = None  # URL of the code repository
    stars: int | None = None  # of the code repository
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Listing(PaperFields):
    """A paper as one dump lists it.

    `position` counts from 1, in the order of the dump. `where` is the place in the dump's text, such as `lines 5-6`.
    `listed_on` is set only if the listing gives its own day. `comments` is the number of comments on the page.
    `announce` is set only by arXiv feeds.
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
    """The content of a dump, as a source read it from the dump's bytes.

    `format` names the format, such as `page text`. Everything in the dump that looks like a listing is either in
    `listings` or in `skipped`. `cut` says which fields of listings were too long, and were cut. `full_date` is a date
    with a year in the dump's text, `month_day` a month and a day without a year. If two dumps differ about a paper, the
    value from the format with the higher `rank` is used. `deleted` holds the arXiv ids of papers that were deleted at
    arXiv.
    """

    format: str
    listings: tuple[Listing, ...]
    skipped: tuple[Skipped, ...] = ()
    full_date: date | None = None
    month_day: tuple[int, int] | None = None
    rank: int = 1
    deleted: tuple[str, ...] = ()
    cut: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper(PaperFields):
    """A stored paper, as queries match it and digests, feeds and pages show it.

    `key` is its arXiv id, or `t-` and 16 hex digits of a hash of its title; if another paper had the title before, the
    hash is of the title and the DOI or link. `sequence` is its sequence number. Each announcement gives the paper the
    next higher number, and a digest is about the papers whose numbers are above the subscriber's cursor. A paper that
    was never announced has a negative number. `first_seen` is the instant at which the first dump that lists the paper
    was ingested, and `listed_on` its first listing day. `source` is the format of the highest-ranking dump that lists
    it. `topics` holds the slugs of its topics.
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
    """The topics of a paper by one catalogue, and the paper's tokens.

    `fingerprint` identifies the catalogue, `slugs` are the topics whose queries match the paper, and `tokenised` holds
    the paper's tokens as `notifier.matching` encodes them.
    """

    fingerprint: str
    slugs: tuple[str, ...]
    tokenised: bytes


class Spans(NamedTuple):
    """The passages of a paper's title and abstract that a query matches, in order and without overlap."""

    title: tuple[Span, ...] = ()
    abstract: tuple[Span, ...] = ()


class MarkedWords(NamedTuple):
    """The folded words in a paper's title and abstract that a digest marks, as `notifier.text.marked_words` makes them.

    Unlike the places of the words, they stay right when the text changes.
    """

    title: tuple[str, ...] = ()
    abstract: tuple[str, ...] = ()


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in order, with overlapping ones joined into one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


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
    fixed end. `next_due` is the instant of the next scheduled digest; None for the cadence INSTANT.
    `left_over` holds the items that did not fit into the last digest, as `notifier.digests.items` writes them; it is
    empty if there are none.
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


class Item(NamedTuple):
    """A paper in a digest, with everything about it that is fixed when the digest is planned.

    `words` are the words to highlight. `also` holds the labels of the subscriber's other subscriptions that the paper
    matched. In digests that were planned before words were stored, `marks` are the passages to highlight.
    """

    paper_id: int
    upvotes: int | None = None
    marks: Spans = Spans()
    also: tuple[str, ...] = ()
    words: MarkedWords = MarkedWords()


@dataclass(frozen=True, slots=True)
class Section:
    """The papers of one subscription in a digest, best first.

    `subscription_id` is None in a digest that was planned before the ids of subscriptions were stored.
    """

    label: str
    items: tuple[Item, ...]
    subscription_id: int | None = None


class Envelope(NamedTuple):
    """The sender and the recipient of a message in SMTP (RFC 5321).

    Both are in ASCII, except that the recipient may have letters beyond ASCII before the @ (RFC 6531).
    """

    sender: str
    recipient: str


class Mail(NamedTuple):
    """A message that is ready to be sent.

    `content` holds the bytes of its headers and body, with CRLF line ends. `is_wire_form` is True if SMTP can carry
    these bytes unchanged: they are ASCII and end with CRLF, no CR or LF stands alone, and no line begins with a dot.
    """

    envelope: Envelope
    message_id: str
    content: bytes
    is_wire_form: bool = False


@dataclass(frozen=True, slots=True)
class RelayState:
    """The state of the relay, which all senders share through one row.

    The relay is paused if `paused_until` is set. After that instant one sender at a time may try the relay with one
    mail, the probe. That sender is `probe_owner`, until `probe_until` at the latest. The probe either ends the pause or
    begins a longer one. `pauses` counts consecutive pauses, `errors` consecutive mails that were deferred or left
    uncertain, and `busy` consecutive answers that the relay is busy (421). `recent` holds the last answers, one
    character each: `x` for an error, `.` for any other. `policy_refusals` are the recipients who were refused
    for the first time, by policy or by address, since the last acceptance: for each, a hash of the relay's answer, the
    domain, and a hash of the address.

    `sent` is the number of mails that the relay accepted, or may have accepted, on `day` (UTC). `next_turn` is the
    instant from which the next mail may be sent, if a rate limit is set.
    """

    paused_until: datetime | None = None
    reason: str = ""
    pauses: int = 0
    errors: int = 0
    busy: int = 0
    recent: str = ""
    policy_refusals: tuple[str, ...] = ()
    probe_owner: str | None = None
    probe_until: datetime | None = None
    day: date | None = None
    sent: int = 0
    next_turn: datetime | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """A message to one subscriber for one period, with everything that must be the same when it is sent again.

    `rest` holds the papers beyond the digest's limit, which are listed by title only; they count as sent.
    `planned_at` becomes the Date header. `subscriber_id` is None if the subscriber has been erased, and `delivery_id`
    is None if the digest has no row in the outbox, such as a test. `opening` takes the place of the line that says of
    which period the papers are. A welcome mail also has `labels`, which name all subscriptions.
    """

    recipient: str
    period: str
    planned_at: datetime
    message_id: str
    subject: str
    sections: tuple[Section, ...]
    rest: tuple[Item, ...] = ()
    subscriber_id: int | None = None
    opening: str = ""
    labels: tuple[str, ...] = ()
    delivery_id: int | None = None

    @property
    def paper_ids(self) -> set[int]:
        """The ids of all papers in the digest."""
        return {item.paper_id for section in self.sections for item in section.items}.union(
            item.paper_id for item in self.rest
        )


@dataclass(frozen=True, slots=True)
class NoticeDetails:
    """The content of a notice, and the purpose of its link.

    `link` is the purpose of its signed id, as a letter, and `request_id` the row that the id applies to. `asked` names
    what a sign-up asks for, and `is_addition` says that the recipient gets digests already. `new_email` is the address
    that a subscriber wants to change to; only the mail to the old address names it.
    """

    link: str
    request_id: int
    asked: tuple[str, ...] = ()
    is_addition: bool = False
    new_email: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A short message with one link: to confirm a sign-up or a new address, or to sign in."""

    kind: DeliveryKind
    recipient: str
    message_id: str
    subject: str
    planned_at: datetime
    details: NoticeDetails
