"""Declare the tables of requests, sessions, private feeds and usage counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Instant, Table, flag, instant


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
    created_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant(index=True))
    mailed_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class SessionRow(Table, table=True):
    """A browser in which a subscriber has signed in; `secret_hash` is the SHA-256 of the browser's secret.

    `asked_for` is true if it was opened by a link that the subscriber asked for, which works once. The link in a digest
    works any number of times.
    """

    __tablename__ = "session"

    # The column keeps its former name in the database, so that no migration is needed.
    secret_hash: str = Field(sa_column=Column("token_hash", String, key="secret_hash", primary_key=True))
    subscriber_id: int = Field(
        sa_column=Column(Integer, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    created_at: datetime = Field(sa_column=instant())
    last_used_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant(index=True))
    asked_for: bool = Field(default=False, sa_column=flag())


class PrivateFeedRow(Table, table=True):
    """A subscriber's private feeds. The links to them are signed for the row's id; new links need a new row."""

    __tablename__ = "private_feed"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(
        sa_column=Column(Integer, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, unique=True)
    )
    created_at: datetime = Field(sa_column=instant())


class UsageCountRow(Table, table=True):
    """The number of times that an action was done under a key, in the window that ends at `ends_at`."""

    __tablename__ = "usage_count"

    key: str = Field(primary_key=True)
    ends_at: datetime = Field(sa_column=Column(Instant, primary_key=True, index=True))
    number: int
