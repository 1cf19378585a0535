"""The tables of what the service does by itself: its steps, the removal of old rows, and alerts to the operator."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from notifier.store.tables.columns import Table, flag, instant


class AlertRow(Table, table=True):
    """An alert. It is kept for some time after it is closed, so that an alert that flaps is noticed.

    `key` says what the alert is about, such as `relay` or `source:arxiv`. `state` is the worst state that the
    operator was told of. `title` and `what` say what is wrong, `cure` what to do, and `since` on which day it began.
    `well_since` is set if the trouble is over but the alert is not closed yet, `closed_at` if it is closed. `flaps`
    says that it opened again soon after it was closed.
    """

    __tablename__ = "alert"

    key: str = Field(primary_key=True)
    state: str
    title: str
    what: str = Field(sa_column=Column(Text, nullable=False))
    cure: str = Field(sa_column=Column(Text, nullable=False))
    since: date | None = None
    opened_at: datetime = Field(sa_column=instant())
    well_since: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    flaps: bool = Field(default=False, sa_column=flag())


class StepRow(Table, table=True):
    """The time at which a step of the service last ended without an error, in any process."""

    __tablename__ = "step"

    name: str = Field(primary_key=True)
    succeeded_at: datetime = Field(sa_column=instant())


class RemovalRow(Table, table=True):
    """The last removal of old rows or files of one kind: when it was, and how many were removed.

    The row with the name removals.CLOCK is no removal: `at` is the last time that the clock
    showed and that was believed. If the clock is far from that time, `doubted_since` is the time that it showed when
    this was first noticed.
    """

    __tablename__ = "removal"

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_column=instant())
    removed: int = 0
    doubted_since: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    until: date | None = None  # only for listings: the repeated ones of all days before this one were removed
