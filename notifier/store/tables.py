"""The tables, declared with SQLModel. They do not validate: what comes in is checked at its one entrance."""

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
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime; a naive one is refused, for nobody could say when it was."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonStrings(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else f"[{', '.join(map(encode_basestring, value))}]"

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))


# Named constraints, so that a migration can drop what an earlier one made.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# A row that is gone may still be named elsewhere: by a digest's items, a late result, a link in a mail.
NEVER_REUSE_IDS = {"sqlite_autoincrement": True}


class Table(SQLModel):
    """What all tables share."""

    metadata = MetaData(naming_convention=NAMING)


def _instant(nullable: bool = False, index: bool = False) -> Column[datetime]:
    return Column(Instant, nullable=nullable, index=index)


def _flag() -> Column[bool]:
    return Column(Boolean, nullable=False, server_default=false())


def _index_of_held(*columns: str) -> Index:
    """An index of the deliveries that have a value in the first column: none of those that are settled for good."""
    held = text(f"{columns[0]} IS NOT NULL")
    return Index(f"ix_delivery_{columns[0]}", *columns, sqlite_where=held, postgresql_where=held)


def _strings() -> Column[tuple[str, ...]]:
    return Column(JsonStrings, nullable=False, server_default="[]")


class DumpRow(Table, table=True):
    """One dump that was ingested, known by the SHA-256 of its bytes."""

    __tablename__ = "dump"

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(unique=True)
    name: str
    format: str
    listed_on: date
    listed_on_from: str
    ingested_at: datetime = Field(sa_column=_instant())


class QuarantinedRow(Table, table=True):
    """A file that was set aside, and why; it goes when a later reading of that path succeeds."""

    __tablename__ = "quarantined"

    path: str = Field(primary_key=True)
    sha256: str
    reason: str
    at: datetime = Field(sa_column=_instant())


class PaperRow(Table, table=True):
    """A work. `guid` never changes; `sequence` is taken anew when it is announced again.

    What no reader is told of has a sequence number below 0, which no cursor is: papers that count as announced already
    (`archived`), and those that were listed only when they were replaced or withdrawn.
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
    pdf: str | None = None
    page: str | None = None
    project: str | None = None
    code: str | None = None
    stars: int | None = None
    withdrawn: bool = Field(default=False, sa_column=_flag())
    # For each field: the rank and listing day of the source that its value came from.
    origins: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    # Counts the changes; topics that were found for an older revision, or by another catalogue, are found anew.
    revision: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    tagged_by: str | None = Field(default=None, index=True)


class PaperTopicRow(Table, table=True):
    """A topic that a paper is tagged with."""

    __tablename__ = "paper_topic"

    slug: str = Field(primary_key=True)
    paper_id: int = Field(primary_key=True, foreign_key="paper.id", index=True)


class PaperTokensRow(Table, table=True):
    """A paper's tokens and stems, by the text rules of a version; none where its text has changed since."""

    __tablename__ = "paper_tokens"

    paper_id: int = Field(primary_key=True, foreign_key="paper.id")
    text_version: int
    tokenised: bytes


class PaperTitleRow(Table, table=True):
    """Every title that a paper was listed under, folded: what a title-only listing is known by."""

    __tablename__ = "paper_title"

    identity: str = Field(primary_key=True)
    paper_id: int = Field(primary_key=True, foreign_key="paper.id", index=True)


class PaperAliasRow(Table, table=True):
    """A key, and the id beside it, that a paper had before: digests and links that name them still find the paper."""

    __tablename__ = "paper_alias"

    old_key: str = Field(primary_key=True)
    old_id: int = Field(index=True)
    paper_id: int = Field(foreign_key="paper.id", index=True)


class WithdrawalRow(Table, table=True):
    """An arXiv id whose record was deleted at its source, whether or not the paper has come yet."""

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
    """A query in canonical form, shared by all who ask the same."""

    __tablename__ = "query"

    id: int | None = Field(default=None, primary_key=True)
    canonical: str = Field(unique=True)
    text_version: int


class NamedUpvotesRow(Table, table=True):
    """A number of upvotes that matters to a query: papers that reach it are announced again. It goes with the query."""

    __tablename__ = "named_upvotes"

    number: int = Field(primary_key=True)
    query_id: int = Field(
        sa_column=Column(Integer, ForeignKey("query.id", ondelete="CASCADE"), primary_key=True, index=True)
    )


class SubscriberRow(Table, table=True):
    """An address and what it is owed. `cursor` and `last_dump` are the last that its digests took into account."""

    __tablename__ = "subscriber"
    __table_args__ = (
        UniqueConstraint("address_key", name="uq_subscriber_reader"),  # SQLite cannot rename a constraint
        Index("ix_subscriber_cadence_last_dump", "cadence", "last_dump"),
        NEVER_REUSE_IDS,
    )

    id: int | None = Field(default=None, primary_key=True)
    email: str
    address_key: str  # the address as addresses.address_key folds it
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
    last_date: date | None = None  # the intended local date of the last period used
    last_week: date | None = None  # and of the last weekly one


class ErasedRow(Table, table=True):
    """What is left of a reader who was erased: a fingerprint of the address, so that no import brings it back."""

    __tablename__ = "erased"

    fingerprint: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_instant())


class SubscriptionRow(Table, table=True):
    """What a subscriber asked for: a query, kept as typed beside its canonical form, or a topic."""

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


class DeliveryRow(Table, table=True):
    """The outbox: one message, from planned to settled. A digest's row keeps its items, and so is the ledger.

    `next_try` is when a sender may take the row: when its lease ends, where it is leased; never, where it is settled.
    `in_doubt` says that a sender was lost with the row in its hands, `taken_in` that a later digest holds its items.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "kind", "period"),
        _index_of_held("next_try", "id"),
        _index_of_held("owner"),
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


class RelayRow(Table, table=True):
    """How a way out stands, shared by all senders: see models.RelayState. `name` says which it is."""

    __tablename__ = "relay"

    name: str = Field(primary_key=True)
    paused_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    reason: str = ""
    pauses: int = 0
    errors: int = 0
    busy: int = 0
    recent: str = ""
    policy_domains: tuple[str, ...] = Field(default=(), sa_column=_strings())
    probe_owner: str | None = None
    probe_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    day: date | None = None
    sent: int = 0
    next_turn: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


# The same tables for Core statements, whose columns are columns to the type checker too.
dump, quarantined = Table.metadata.tables["dump"], Table.metadata.tables["quarantined"]
paper, listing = Table.metadata.tables["paper"], Table.metadata.tables["listing"]
paper_title, paper_alias = Table.metadata.tables["paper_title"], Table.metadata.tables["paper_alias"]
paper_topic, paper_tokens = Table.metadata.tables["paper_topic"], Table.metadata.tables["paper_tokens"]
named_upvotes = Table.metadata.tables["named_upvotes"]
withdrawal = Table.metadata.tables["withdrawal"]
query, subscriber = Table.metadata.tables["query"], Table.metadata.tables["subscriber"]
erased = Table.metadata.tables["erased"]
subscription, delivery = Table.metadata.tables["subscription"], Table.metadata.tables["delivery"]
relay = Table.metadata.tables["relay"]
