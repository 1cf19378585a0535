"""Declare the tables of sources, of their documents and of their days."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, String, Text
from sqlmodel import Field

from notifier.store.tables.columns import Table, instant


def source_name() -> Column[str]:
    """Return the column with the source to which a row belongs, as a part of the row's key."""
    return Column(String, ForeignKey("source.name", ondelete="CASCADE"), primary_key=True)


class SourceRow(Table, table=True):
    """The state of a source: when it was fetched, what is wrong with it, and which process fetches it now.

    `failures` counts the tries that have failed in a row, `problem` is the last of these failures in words, and
    `problem_since` is the instant of the first. `taken_until` is the day up to which the source was fetched completely.
    `owner` names the process that fetches the source, and `leased_until` says when the right to do so ends.
    """

    __tablename__ = "source"

    name: str = Field(primary_key=True)
    first_succeeded_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    last_tried_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    last_succeeded_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    next_due: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    failures: int = 0
    problem: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    problem_since: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    taken_until: date | None = None
    owner: str | None = None
    leased_until: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class SourceUrlRow(Table, table=True):
    """The last document that came from a URL of a source, or from a file of its folder.

    `url_key` is the URL; see sources.url_key for one that is too long for an index. `etag` and `last_modified` are what
    the server said for conditional requests; for a file, `etag` is a text that changes when the file does. `sha256` is
    the hash of the document's bytes. The bytes came at `unchanged_since` for the first time, and at `seen_at` for the
    last time. `papers` is the number of its papers, and `day` their listing day. `problem` says why the document is no
    dump. The row with the key sources.FINGERPRINT_KEY is no document: its `sha256` is the fingerprint of the source's
    table in the config, by which a change of the table is recognised.
    """

    __tablename__ = "source_url"

    source: str = Field(sa_column=source_name())
    url_key: str = Field(primary_key=True)
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    unchanged_since: datetime = Field(sa_column=instant())
    seen_at: datetime = Field(sa_column=instant())
    day: date | None = None
    papers: int = 0
    problem: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class SourceDayRow(Table, table=True):
    """The number of papers of a source on a listing day, as counted at `taken_at`; see models.DayCount."""

    __tablename__ = "source_day"

    source: str = Field(sa_column=source_name())
    day: date = Field(primary_key=True)
    papers: int
    stated: int | None = None
    is_complete: bool = True
    newest: date | None = None
    taken_at: datetime = Field(sa_column=instant())
