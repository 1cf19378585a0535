"""Declare the tables of dumps and of their files."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, String
from sqlmodel import Field

from notifier.store.tables.columns import Table, instant


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
    ingested_at: datetime = Field(sa_column=instant())


class QuarantinedRow(Table, table=True):
    """A file that could not be ingested: where it is now, and the reason.

    The row is deleted when the file at that path is ingested later, or is no longer in the quarantine folder.
    """

    __tablename__ = "quarantined"

    path: str = Field(primary_key=True)
    sha256: str
    reason: str
    at: datetime = Field(sa_column=instant())


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
    at: datetime = Field(sa_column=instant())


class MovedRow(Table, table=True):
    """A file that was read and moved out of the dumps folder; the row serves to notice if the file grows afterwards.

    `path` is where the file is now, percent-encoded, because a path may hold bytes that no text can. `fingerprint` is a
    text that changes when the file is written (see files.MovedFile). The row is deleted after some days.
    """

    __tablename__ = "moved"

    path: str = Field(primary_key=True)
    fingerprint: str = Field(sa_column=_fingerprint())
    at: datetime = Field(sa_column=instant())


class AttemptRow(Table, table=True):
    """An attempt to ingest a file of the dumps folder; the row is deleted when the attempt has ended.

    `fingerprint` is a text that changes when the file changes (see DumpsFolder.fingerprint). `attempts` counts the
    attempts since `first_at`. `owner` names the process that began the last attempt, and `at` says when that attempt
    began.
    """

    __tablename__ = "begun"  # its former name, so that no migration is needed

    path: str = Field(primary_key=True)
    fingerprint: str = Field(sa_column=_fingerprint())
    owner: str
    attempts: int
    first_at: datetime = Field(sa_column=instant())
    at: datetime = Field(sa_column=instant())
