"""Dumps that were ingested, and files that were quarantined because they are not dumps."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, Row, delete, func, insert, select

from notifier.store import tables
from notifier.store.tables import dump, paper

NEWEST = select(func.max(dump.c.id))


def last_dump(connection: Connection) -> Row[int, str, date, datetime] | None:
    """Return the id, name, listed_on and ingested_at of the dump that was ingested last; None if there is none."""
    statement = select(dump.c.id, dump.c.name, dump.c.listed_on, dump.c.ingested_at)
    return connection.execute(statement.order_by(dump.c.id.desc()).limit(1)).one_or_none()


def newest_id(connection: Connection, until: datetime | None = None) -> int:
    """Return the id of the newest dump, or of the newest ingested at `until` or before; 0 if there is none."""
    statement = NEWEST if until is None else NEWEST.where(dump.c.ingested_at <= until)
    return connection.scalar(statement) or 0


def count_papers(connection: Connection, since: datetime | None = None) -> int:
    """Return the number of stored papers; with `since`, only of those first seen at that instant or later."""
    counted = select(func.count()).select_from(paper)
    if since is not None:
        counted = counted.where(paper.c.first_seen >= since)
    return connection.scalar(counted) or 0


def quarantine(connection: Connection, path: str, sha256: str, reason: str, now: datetime) -> None:
    """Record that the file at `path` is quarantined, and why; this replaces an earlier record of the path."""
    lift_quarantine(connection, path)
    connection.execute(insert(tables.quarantined).values(path=path, sha256=sha256, reason=reason, at=now))


def lift_quarantine(connection: Connection, path: str) -> None:
    """Delete the record that the file at `path` is quarantined, because it has been ingested since."""
    connection.execute(delete(tables.quarantined).where(tables.quarantined.c.path == path))


def quarantined(connection: Connection) -> list[Row[str, str]]:
    """Return the path of each quarantined file and the reason, the newest first."""
    statement = select(tables.quarantined.c.path, tables.quarantined.c.reason).order_by(
        tables.quarantined.c.at.desc(), tables.quarantined.c.path
    )
    return list(connection.execute(statement))
