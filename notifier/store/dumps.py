"""Store dumps, quarantined files, attempts to ingest a file, and files that were moved away or could not be moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update

from notifier.store import tables
from notifier.store.statements import insert_into
from notifier.store.tables import dump, listing, paper

NEWEST = select(func.max(dump.c.id))


@dataclass(frozen=True, slots=True)
class UnmovedRecord:
    """A file that was read and could not be moved out of the dumps folder; see tables.UnmovedRow."""

    path: str
    fingerprint: str
    fault: str | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class IngestAttempt:
    """An attempt to ingest a file of the dumps folder; see tables.AttemptRow."""

    path: str
    fingerprint: str
    owner: str
    attempts: int
    first_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class DumpContents:
    """The listing day of a dump, the number of its papers, and the date of the newest of them, if they have dates."""

    listed_on: date
    papers: int
    newest: date | None


def last_dump(connection: Connection) -> Row[int, str, date, datetime] | None:
    """Return the id, name, listed_on and ingested_at of the dump that was ingested last; None if there is none."""
    statement = select(dump.c.id, dump.c.name, dump.c.listed_on, dump.c.ingested_at)
    return connection.execute(statement.order_by(dump.c.id.desc()).limit(1)).one_or_none()


def ingested_since(connection: Connection, since: datetime, limit: int) -> list[Row[str, str, date, datetime, int]]:
    """Return name, format, listed_on, ingested_at and number of papers of at most `limit` dumps, the newest first.

    Only the dumps that were ingested at `since` or later are returned.
    """
    row = dump.c
    papers = select(func.count(listing.c.paper_id.distinct())).where(listing.c.dump_id == row.id).scalar_subquery()
    wanted = select(row.name, row.format, row.listed_on, row.ingested_at, papers.label("papers"))
    return list(connection.execute(wanted.where(row.ingested_at >= since).order_by(row.id.desc()).limit(limit)))


def contents(connection: Connection, sha256: str) -> DumpContents | None:
    """Return what the dump with this SHA-256 holds; None if no such dump was ingested."""
    counted = select(func.count(listing.c.paper_id.distinct()), func.max(paper.c.published)).join_from(
        listing, paper, listing.c.paper_id == paper.c.id
    )
    row = connection.execute(select(dump.c.id, dump.c.listed_on).where(dump.c.sha256 == sha256)).one_or_none()
    if row is None:
        return None
    papers, newest = connection.execute(counted.where(listing.c.dump_id == row.id)).one()
    return DumpContents(row.listed_on, papers, newest)


def newest_id(connection: Connection) -> int:
    """Return the id of the newest dump; 0 if there is none."""
    return connection.scalar(NEWEST) or 0


def count_papers(connection: Connection, since: datetime | None = None) -> int:
    """Return the number of stored papers; with `since`, only of those first seen at that instant or later."""
    counted = select(func.count()).select_from(paper)
    if since is not None:
        counted = counted.where(paper.c.first_seen >= since)
    return connection.scalar(counted) or 0


def newest_paper_at(connection: Connection) -> datetime | None:
    """Return when the newest paper was seen for the first time; None if there is no paper."""
    at: datetime | None = connection.scalar(select(paper.c.first_seen).order_by(paper.c.id.desc()).limit(1))
    return at


def quarantine(connection: Connection, path: str, sha256: str, reason: str, now: datetime) -> None:
    """Record that the file at `path` is quarantined, and why; this replaces an earlier record of the path."""
    _store(connection, tables.quarantined, path=path, sha256=sha256, reason=reason, at=now)


def delete_quarantined(connection: Connection, path: str) -> None:
    """Delete the record that the file at `path` is quarantined, because it has been ingested since."""
    connection.execute(delete(tables.quarantined).where(tables.quarantined.c.path == path))


def move_quarantine(connection: Connection, path: str, to: str) -> None:
    """Record that a quarantined file was moved; this replaces an earlier record of the path `to`."""
    delete_quarantined(connection, to)
    connection.execute(update(tables.quarantined).where(tables.quarantined.c.path == path).values(path=to))


def quarantined_files(connection: Connection) -> list[Row[str, str, datetime]]:
    """Return the path of each quarantined file, the reason, and the time, the newest first."""
    table = tables.quarantined
    return list(
        connection.execute(select(table.c.path, table.c.reason, table.c.at).order_by(table.c.at.desc(), table.c.path))
    )


def unmoved_files(connection: Connection) -> list[UnmovedRecord]:
    """Return the files that could not be moved out of the dumps folder, by path."""
    rows = connection.execute(select(*tables.unmoved_file.c).order_by(tables.unmoved_file.c.path))
    return [UnmovedRecord(row.path, row.fingerprint, row.fault, row.reason, row.at) for row in rows]


def record_unmoved(connection: Connection, record: UnmovedRecord) -> None:
    """Record that a file could not be moved away; this replaces an earlier record of the path."""
    _store(connection, tables.unmoved_file, **asdict(record))


def moved_files(connection: Connection) -> list[Row[str, str, datetime]]:
    """Return the path, fingerprint and time of each file that was moved out of the dumps folder in the last days."""
    return list(connection.execute(select(*tables.moved_file.c).order_by(tables.moved_file.c.path)))


def record_moved(connection: Connection, path: str, fingerprint: str, now: datetime) -> None:
    """Record that a file was moved out of the dumps folder; see tables.MovedRow."""
    _store(connection, tables.moved_file, path=path, fingerprint=fingerprint, at=now)


def delete_moved(connection: Connection, path: str) -> None:
    """Delete the record of a file that was moved out of the dumps folder; `path` is where it is now."""
    connection.execute(delete(tables.moved_file).where(tables.moved_file.c.path == path))


def last_attempt(connection: Connection, path: str, *, lock: bool = False) -> IngestAttempt | None:
    """Return the last attempt to ingest the file at `path`, if it has not ended.

    With `lock`, the record is locked until this transaction ends.
    """
    statement = select(*tables.ingest_attempt.c).where(tables.ingest_attempt.c.path == path)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        return None
    return IngestAttempt(row.path, row.fingerprint, row.owner, row.attempts, row.first_at, row.at)


def attempt_owners(connection: Connection) -> set[str]:
    """Return the owners of the attempts that have begun and not ended."""
    return set(connection.scalars(select(tables.ingest_attempt.c.owner).distinct()))


def add_attempt(connection: Connection, attempt: IngestAttempt) -> None:
    """Record the first attempt to ingest a file. Raises ConflictError if another process has just recorded one."""
    connection.execute(insert(tables.ingest_attempt).values(asdict(attempt)))


def replace_attempt(connection: Connection, attempt: IngestAttempt) -> None:
    """Record another attempt to ingest a file in place of the last one, which this transaction has locked."""
    connection.execute(
        update(tables.ingest_attempt).where(tables.ingest_attempt.c.path == attempt.path).values(asdict(attempt))
    )


def delete_attempt(connection: Connection, path: str, owner: str) -> None:
    """Delete the record of this owner's attempt to ingest the file at `path`; an attempt of another owner is kept."""
    connection.execute(
        delete(tables.ingest_attempt).where(
            tables.ingest_attempt.c.path == path, tables.ingest_attempt.c.owner == owner
        )
    )


def delete_unmoved(connection: Connection, path: str) -> None:
    """Delete the record that the file at `path` could not be moved away."""
    connection.execute(delete(tables.unmoved_file).where(tables.unmoved_file.c.path == path))


def _store(connection: Connection, table: Table, **values: Any) -> None:
    """Insert a row, or replace the one with the same path."""
    statement = insert_into(connection.dialect, table).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=values))
