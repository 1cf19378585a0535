"""Declare the tables of deliveries and relays, and the mark of a simulated clock."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Instant, Table, flag, instant, strings

# Most deliveries are accepted in the end. The others are counted from a small index with this condition. Databases use
# it only for statements that contain the same condition.
NOT_ACCEPTED = text("next_try IS NULL AND state <> 'ACCEPTED'")


def _partial_delivery_index(*columns: str) -> Index:
    """Return an index of only those deliveries whose value in the first of these columns is not null.

    Most deliveries have been sent, and have no next try and no owner. The index leaves them out and so stays small. On
    PostgreSQL, only the migration states the condition, because stating it here would import PostgreSQL's dialect.
    """
    return Index(f"ix_delivery_{columns[0]}", *columns, sqlite_where=text(f"{columns[0]} IS NOT NULL"))


class DeliveryRow(Table, table=True):
    """A row of the outbox: one message, from its planning until it is settled.

    The `items` of a digest are kept, so that the rows also record which papers each subscriber got. `next_try` is when
    a sender may claim the row. For a leased row, this is the end of the lease. It is null for a row that will not be
    tried again. `in_doubt` says that a sender was lost while it held the lease, so the message may have been sent.
    `taken_in` says that a later digest contains the items of this one. `too_large` says that the mail was too large
    for the relay. `details` is JSON: what a message says besides its papers; for an event, all that it says.
    `endpoint_id` is the endpoint to which a row is sent, an event or a channel's digest; it is null for mail. Removing
    an endpoint deletes its rows.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "kind", "period"),
        _partial_delivery_index("next_try", "id", "state"),  # the state is in it, to count waiting mail
        _partial_delivery_index("owner"),
        _partial_delivery_index("endpoint_id", "next_try", "id"),
        Index("ix_delivery_not_accepted", "state", sqlite_where=NOT_ACCEPTED),
        Index("ix_delivery_kind", "kind"),  # the smallest, so SQLite reads it to count all rows
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
    planned_at: datetime = Field(sa_column=instant())
    state: str
    next_try: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    attempts: int = 0
    uncertain: int = 0  # how often the connection was lost at or after the final dot
    owner: str | None = None
    epoch: int = 0
    reply: str = ""
    settled_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    in_doubt: bool = Field(default=False, sa_column=flag())
    taken_in: bool = Field(default=False, sa_column=flag())
    too_large: bool = Field(default=False, sa_column=flag())
    details: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    endpoint_id: int | None = None


class EndpointRow(Table, table=True):
    """An endpoint: a webhook or a channel; see models.Endpoint."""

    __tablename__ = "endpoint"
    __table_args__ = (Index("ix_endpoint_name", "name", unique=True), NEVER_REUSE_IDS)

    id: int | None = Field(default=None, primary_key=True)
    url: str = Field(sa_column=Column(Text, nullable=False))
    shown_url: str
    events: tuple[str, ...] = Field(default=(), sa_column=strings())
    secret_file: str = Field(sa_column=Column(Text, nullable=False))
    salt: str
    cursor: int
    created_at: datetime = Field(sa_column=instant())
    disabled_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    disabled_reason: str = ""
    kind: str = Field(default="webhook", sa_column=Column(String, nullable=False, server_default="webhook"))
    name: str | None = None


class RelayRow(Table, table=True):
    """The state of a relay, shared by all senders; see models.RelayState."""

    __tablename__ = "relay"

    name: str = Field(primary_key=True)
    paused_until: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    reason: str = ""
    pauses: int = 0
    errors: int = 0
    busy: int = 0
    recent: str = ""
    policy_refusals: tuple[str, ...] = Field(default=(), sa_column=strings())
    probe_owner: str | None = None
    probe_until: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    day: date | None = None
    sent: int = 0
    next_turn: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class DeliveryResultRow(Table, table=True):
    """The number of attempts to send mail that ended in the same way; it is never lowered.

    `reply` is the class of the relay's reply: 2xx, 4xx, 5xx, or empty without a reply. `bucket` is the upper end, in
    seconds, of the bucket for the time from planning to acceptance (see store.results). It is 0 if the mail was not
    accepted.
    `seconds` is the sum of these times, and `last_at` the time of the last such attempt.
    """

    __tablename__ = "delivery_result"

    kind: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    reply: str = Field(primary_key=True)
    bucket: int = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)
    seconds: float
    last_at: datetime = Field(sa_column=instant())


class SimulatedClockRow(Table, table=True):
    """The row that marks a database as made for a simulated clock.

    `started_at` is the first instant that this clock showed. No other database has a row in this table.
    """

    __tablename__ = "simulated_clock"

    started_at: datetime = Field(sa_column=Column(Instant, primary_key=True))
