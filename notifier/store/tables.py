"""The tables, declared with SQLModel.

The models do not validate values: input is checked where it enters the program.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """The column type of an aware datetime in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value for the database. Raises ValueError for a datetime without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the database's value as an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonStrings(TypeDecorator[tuple[str, ...]]):
    """The column type of a tuple of strings, stored as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Return the tuple as JSON."""
        return None if value is None else f"[{', '.join(map(encode_basestring, value))}]"

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        """Return the tuple that the JSON holds."""
        return None if value is None else tuple(json.loads(value))


# All constraints have names, so that a migration can drop a constraint that an earlier migration created.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Ids of deleted rows may still be in use elsewhere: in a digest's items, in a late settlement, or in a link in a mail.
NEVER_REUSE_IDS = {"sqlite_autoincrement": True}


class Table(SQLModel):
    """The base of all tables."""

    # Rows are not validated, and building validators at import would take longer than declaring the tables.
    model_config = {"defer_build": True}
    metadata = MetaData(naming_convention=NAMING)


def _instant(nullable: bool = False, index: bool = False) -> Column[datetime]:
    return Column(Instant, nullable=nullable, index=index)


def _flag() -> Column[bool]:
    return Column(Boolean, nullable=False, server_default=false())


def _partial_delivery_index(*columns: str) -> Index:
    """Return an index of only those deliveries whose value in the first of these columns is not null.

    Most deliveries have been sent, and have no next try and no owner. The index leaves them out and so stays small. On
    PostgreSQL, only the migration states the condition, because stating it here would import PostgreSQL's dialect.
    """
    return Index(f"ix_delivery_{columns[0]}", *columns, sqlite_where=text(f"{columns[0]} IS NOT NULL"))


def _strings() -> Column[tuple[str, ...]]:
    return Column(JsonStrings, nullable=False, server_default="[]")


def _fingerprint() -> Column[str]:
    # The column keeps its former name in the database, so that no migration is needed.
    return Column("look", String, key="fingerprint", nullable=False)


class DumpRow(Table, table=True):
    """A dump that was ingested; the SHA-256 of its bytes identifies it."""

    __tablename__ = "dump"

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(unique=True)
    name: str
    format: str
    listed_on: date
    listed_on_from: str
    ingested_at: datetime = Field(sa_column=_instant())


class QuarantinedRow(Table, table=True):
    """A file that could not be ingested, where it is now, and why.

    The row is deleted when the file at that path is ingested later, or is no longer in the quarantine folder.
    """

    __tablename__ = "quarantined"

    path: str = Field(primary_key=True)
    sha256: str
    reason: str
    at: datetime = Field(sa_column=_instant())


class UnmovedRow(Table, table=True):
    """A file that was read and could not be moved out of the dumps folder; it is not read again unless it changes.

    `fingerprint` is a text that changes when the file changes (see DumpsFolder.fingerprint). `fault` says why the file
    is no dump, and is None if the file was ingested. `reason` says why the file could not be moved.
    """

    __tablename__ = "unmoved"

    path: str = Field(primary_key=True)
    fingerprint: str = Field(sa_column=_fingerprint())
    fault: str | None = None
    reason: str
    at: datetime = Field(sa_column=_instant())


class MovedRow(Table, table=True):
    """A file that was read and moved out of the dumps folder, by which it is noticed if the file grows afterwards.

    `path` is where the file is now, percent-encoded, because a path may hold bytes that no text can. `fingerprint` is a
    text that changes when the file is written (see files.MovedFile). The row is deleted after some days.
    """

    __tablename__ = "moved"

    path: str = Field(primary_key=True)
    fingerprint: str = Field(sa_column=_fingerprint())
    at: datetime = Field(sa_column=_instant())


class BegunRow(Table, table=True):
    """A file of the dumps folder that a process has begun to ingest; the row is deleted when the attempt has ended.

    `fingerprint` is a text that changes when the file changes (see DumpsFolder.fingerprint). `attempts` counts the
    attempts since `first_at`. `owner` names the process that began the last attempt, and `at` says when that attempt
    began.
    """

    __tablename__ = "begun"

    path: str = Field(primary_key=True)
    fingerprint: str = Field(sa_column=_fingerprint())
    owner: str
    attempts: int
    first_at: datetime = Field(sa_column=_instant())
    at: datetime = Field(sa_column=_instant())


class PaperRow(Table, table=True):
    """A paper.

    `guid` identifies the paper in feeds and never changes. Whenever the paper is announced, `sequence` gets the next
    higher number; `first_sequence` is the value with which the row was stored. Cursors are never below 0, so a paper
    with a sequence number below 0 is in no digest. Two kinds of papers have such numbers: those that count as announced
    already (`archived`), and those that were listed only because they were replaced or withdrawn.
    """

    __tablename__ = "paper"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    guid: str = Field(unique=True)
    arxiv_id: str | None = Field(default=None, unique=True)
    sequence: int = Field(unique=True)
    first_sequence: int
    archived: bool = Field(default=False, sa_column=_flag())
    first_seen: datetime = Field(sa_column=_instant(index=True))
    listed_on: date
    title: str
    abstract: str
    url: str | None = None
    source: str
    upvotes: int | None = None
    authors: tuple[str, ...] = Field(sa_column=_strings())
    categories: tuple[str, ...] = Field(sa_column=_strings())
    keywords: tuple[str, ...] = Field(sa_column=_strings())
    version: int | None = None
    doi: str | None = None
    published: date | None = None
    updated: date | None = None
    note: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    summary: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    pdf: str | None = None
    page: str | None = None
    project: str | None = None
    code: str | None = None
    stars: int | None = None
    withdrawn: bool = Field(default=False, sa_column=_flag())
    # JSON: for each field, the rank and the listing day of the source that its value comes from.
    origins: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    # `revision` counts the changes of the paper. `tagged_by` is the fingerprint of the topic catalogue that tagged the
    # newest revision; it is null if that revision has not been tagged.
    revision: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    tagged_by: str | None = Field(default=None, index=True)


class PaperTopicRow(Table, table=True):
    """A tag: a paper and one of its topics."""

    __tablename__ = "paper_topic"

    slug: str = Field(primary_key=True)
    paper_id: int = Field(primary_key=True, foreign_key="paper.id", index=True)


class PaperTokensRow(Table, table=True):
    """The tokens and stems of a paper, by one version of the text rules; the row is deleted when the text changes."""

    __tablename__ = "paper_tokens"

    paper_id: int = Field(primary_key=True, foreign_key="paper.id")
    text_version: int
    tokenised: bytes


class PaperTitleRow(Table, table=True):
    """An identity by which listings find their paper (see `notifier.papers.identity`).

    It is made from a title alone, or it is a hash of a title together with a DOI, a link or an abstract.
    """

    __tablename__ = "paper_title"

    identity: str = Field(primary_key=True)
    paper_id: int = Field(primary_key=True, foreign_key="paper.id", index=True)


class PaperAliasRow(Table, table=True):
    """A key and an id that a paper had before; digests and links that contain them still lead to the paper."""

    __tablename__ = "paper_alias"

    old_key: str = Field(primary_key=True)
    old_id: int = Field(index=True)
    paper_id: int = Field(foreign_key="paper.id", index=True)


class WithdrawalRow(Table, table=True):
    """An arXiv id whose record was deleted at its source; there may be no paper with this id yet."""

    __tablename__ = "withdrawal"

    arxiv_id: str = Field(primary_key=True)


class ListingRow(Table, table=True):
    """A paper's appearance in a dump."""

    __tablename__ = "listing"
    __table_args__ = (UniqueConstraint("dump_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    paper_id: int = Field(foreign_key="paper.id", index=True)
    dump_id: int = Field(foreign_key="dump.id")
    listed_on: date = Field(index=True)
    position: int
    upvotes: int | None = None
    comments: int | None = None
    announce: str | None = None


class QueryRow(Table, table=True):
    """A query in canonical form, shared by all subscriptions that ask for the same."""

    __tablename__ = "query"

    id: int | None = Field(default=None, primary_key=True)
    canonical: str = Field(unique=True)
    text_version: int


class NamedUpvotesRow(Table, table=True):
    """A number of upvotes at which a query may begin or cease to match a paper: 50 for `upvotes:>=50`.

    A paper whose upvotes reach the number is announced again. The row is deleted with its query.
    """

    __tablename__ = "named_upvotes"

    number: int = Field(primary_key=True)
    query_id: int = Field(
        sa_column=Column(Integer, ForeignKey("query.id", ondelete="CASCADE"), primary_key=True, index=True)
    )


class SubscriberRow(Table, table=True):
    """A subscriber: an address, its settings, and the state of its digests.

    The subscriber's digests have taken into account all papers up to the sequence number `cursor`, and all dumps up to
    the id `last_dump`, except the papers in `left_over`, which wait for the next digest.
    """

    __tablename__ = "subscriber"
    __table_args__ = (
        # The constraint keeps the former name of the column, because SQLite cannot rename a constraint.
        UniqueConstraint("address_key", name="uq_subscriber_reader"),
        Index("ix_subscriber_cadence_last_dump", "cadence", "last_dump"),
        NEVER_REUSE_IDS,
    )

    id: int | None = Field(default=None, primary_key=True)
    email: str
    address_key: str  # see addresses.address_key
    state: str
    cadence: str
    hour: str
    timezone: str
    weekday: int
    cursor: int
    last_dump: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    created_at: datetime = Field(sa_column=_instant())
    confirmed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    active_since: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    paused_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    next_due: datetime | None = Field(default=None, sa_column=_instant(nullable=True, index=True))
    last_date: date | None = None  # the intended local date of the last period used, even if it was skipped
    last_week: date | None = None  # the same for the last weekly period
    left_over: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class ErasedRow(Table, table=True):
    """The fingerprint of an erased subscriber's address, so that no import adds the address again."""

    __tablename__ = "erased"

    fingerprint: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_instant())


class SubscriptionRow(Table, table=True):
    """A query or a topic that a subscriber asked for.

    `label` is the query as it was typed, or the topic's title. `name` is what the subscriber calls it, if anything.
    The subscriptions of a subscriber are ordered by `position`, and those with the same position by id.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "query_id"),
        UniqueConstraint("subscriber_id", "topic"),
        NEVER_REUSE_IDS,
    )

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(foreign_key="subscriber.id")
    query_id: int | None = Field(default=None, foreign_key="query.id", index=True)
    topic: str | None = None
    label: str
    name: str | None = None
    position: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))


class DeliveryRow(Table, table=True):
    """A row of the outbox: one message, from its planning until it is settled.

    The `items` of a digest are kept, so that the rows also record which papers each subscriber got. `next_try` is when
    a sender may claim the row; for a leased row that is the end of the lease, and for a row that will not be tried
    again it is null. `in_doubt` says that a sender was lost while it held the lease, so the message may have been sent.
    `taken_in` says that a later digest contains the items of this one. `too_large` says that the mail was too large
    for the relay. `details` is JSON: what a message other than a digest says besides papers.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "kind", "period"),
        _partial_delivery_index("next_try", "id"),
        _partial_delivery_index("owner"),
        NEVER_REUSE_IDS,
    )

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("subscriber.id", ondelete="SET NULL"))
    )
    kind: str
    period: str
    recipient: str
    message_id: str = Field(unique=True)
    subject: str
    items: str = Field(sa_column=Column(Text, nullable=False))
    planned_at: datetime = Field(sa_column=_instant())
    state: str
    next_try: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    attempts: int = 0
    uncertain: int = 0  # how often the connection was lost at or after the final dot
    owner: str | None = None
    epoch: int = 0
    reply: str = ""
    settled_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    in_doubt: bool = Field(default=False, sa_column=_flag())
    taken_in: bool = Field(default=False, sa_column=_flag())
    too_large: bool = Field(default=False, sa_column=_flag())
    details: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class RequestRow(Table, table=True):
    """A request of somebody, which they have to confirm by the link in a mail.

    The link is signed for the row's id. The row is deleted when the link is used, so a link works once. An address has
    one row of each kind. `payload` is JSON, and depends on the kind. `mailed_at` is when the newest mail with the link
    was queued.
    """

    __tablename__ = "request"
    __table_args__ = (UniqueConstraint("kind", "address_key"), NEVER_REUSE_IDS)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    address_key: str  # see addresses.address_key
    subscriber_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)
    )
    payload: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=_instant())
    expires_at: datetime = Field(sa_column=_instant(index=True))
    mailed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class SessionRow(Table, table=True):
    """A browser in which a subscriber has signed in; `token_hash` is the SHA-256 of the secret that the browser has."""

    __tablename__ = "session"

    token_hash: str = Field(primary_key=True)
    subscriber_id: int = Field(
        sa_column=Column(Integer, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    created_at: datetime = Field(sa_column=_instant())
    last_used_at: datetime = Field(sa_column=_instant())
    expires_at: datetime = Field(sa_column=_instant(index=True))


class PrivateFeedRow(Table, table=True):
    """A subscriber's private feeds. The links to them are signed for the row's id; new links need a new row."""

    __tablename__ = "private_feed"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(
        sa_column=Column(Integer, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, unique=True)
    )
    created_at: datetime = Field(sa_column=_instant())


class UsageCountRow(Table, table=True):
    """The number of times that an action was done under a key, in the window that ends at `ends_at`."""

    __tablename__ = "usage_count"

    key: str = Field(primary_key=True)
    ends_at: datetime = Field(sa_column=Column(Instant, primary_key=True, index=True))
    number: int


class SuppressionRow(Table, table=True):
    """The suppression of a subscriber: when and why mail to them ended, and what their state was before.

    `reply` is the relay's reply to the delivery, or another reason. The row is kept when the subscriber is reinstated,
    and deleted when the subscriber is erased.
    """

    __tablename__ = "suppression"

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(foreign_key="subscriber.id", index=True)
    at: datetime = Field(sa_column=_instant())
    reply: str
    delivery_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("delivery.id", ondelete="SET NULL"))
    )
    state_before: str


class RelayRow(Table, table=True):
    """The state of a relay, shared by all senders; see models.RelayState."""

    __tablename__ = "relay"

    name: str = Field(primary_key=True)
    paused_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    reason: str = ""
    pauses: int = 0
    errors: int = 0
    busy: int = 0
    recent: str = ""
    policy_refusals: tuple[str, ...] = Field(default=(), sa_column=_strings())
    probe_owner: str | None = None
    probe_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    day: date | None = None
    sent: int = 0
    next_turn: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class SimulatedClockRow(Table, table=True):
    """The row that marks a database as made for a simulated clock.

    `started_at` is the first instant that this clock showed. No other database has a row in this table.
    """

    __tablename__ = "simulated_clock"

    started_at: datetime = Field(sa_column=Column(Instant, primary_key=True))


# The same tables for SQLAlchemy's Core statements. The type checker sees columns in them; in the models above, it sees
# the values of a row.
dump, quarantined = Table.metadata.tables["dump"], Table.metadata.tables["quarantined"]
unmoved, begun = Table.metadata.tables["unmoved"], Table.metadata.tables["begun"]
moved = Table.metadata.tables["moved"]
paper, listing = Table.metadata.tables["paper"], Table.metadata.tables["listing"]
paper_title, paper_alias = Table.metadata.tables["paper_title"], Table.metadata.tables["paper_alias"]
paper_topic, paper_tokens = Table.metadata.tables["paper_topic"], Table.metadata.tables["paper_tokens"]
named_upvotes = Table.metadata.tables["named_upvotes"]
withdrawal = Table.metadata.tables["withdrawal"]
query, subscriber = Table.metadata.tables["query"], Table.metadata.tables["subscriber"]
erased = Table.metadata.tables["erased"]
subscription, delivery = Table.metadata.tables["subscription"], Table.metadata.tables["delivery"]
relay, suppression = Table.metadata.tables["relay"], Table.metadata.tables["suppression"]
simulated_clock = Table.metadata.tables["simulated_clock"]
request, session = Table.metadata.tables["request"], Table.metadata.tables["session"]
private_feed = Table.metadata.tables["private_feed"]
usage_count = Table.metadata.tables["usage_count"]
