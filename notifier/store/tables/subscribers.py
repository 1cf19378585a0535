"""Declare the tables of subscribers, and of what they asked for."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Text, UniqueConstraint, true
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Table, instant


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


class NamedVotesRow(Table, table=True):
    """A number of votes at which a query may begin or cease to match a paper: 3 for `votes:>=3`.

    A paper whose votes reach the number is announced again. The row is deleted with its query.
    """

    __tablename__ = "named_votes"

    number: int = Field(primary_key=True)
    query_id: int = Field(
        sa_column=Column(Integer, ForeignKey("query.id", ondelete="CASCADE"), primary_key=True, index=True)
    )


class SubscriberRow(Table, table=True):
    """A subscriber: an address, its settings, and the state of its digests.

    The subscriber's digests have taken into account all papers up to the sequence number `cursor`, and all dumps up to
    the id `last_dump`, except the papers in `left_over`, which wait for the next digest. The sign-in
    links in mails that were made before `signed_out_at` no longer work. With `taste`, the subscriber's feedback orders
    the papers of their digests. If `endpoint_id` is set, the subscriber is a channel: digests go there, and no mail.
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
    created_at: datetime = Field(sa_column=instant())
    confirmed_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    active_since: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    paused_until: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    next_due: datetime | None = Field(default=None, sa_column=instant(nullable=True, index=True))
    last_date: date | None = None  # the intended local date of the last used period; a skipped period counts as used
    last_week: date | None = None  # the same for the last weekly period
    left_over: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    signed_out_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    taste: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))
    endpoint_id: int | None = None


class ErasedRow(Table, table=True):
    """The fingerprint of an erased subscriber's address, so that no import adds the address again."""

    __tablename__ = "erased"

    fingerprint: str = Field(primary_key=True)
    at: datetime = Field(sa_column=instant())


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


class SuppressionRow(Table, table=True):
    """The suppression of a subscriber: when and why mail to them ended, and what their state was before.

    `reply` is the relay's reply to the delivery, or another reason. The row is kept when the subscriber is reinstated,
    and deleted when the subscriber is erased.
    """

    __tablename__ = "suppression"

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(foreign_key="subscriber.id", index=True)
    at: datetime = Field(sa_column=instant())
    reply: str
    delivery_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("delivery.id", ondelete="SET NULL"), index=True)
    )
    state_before: str
