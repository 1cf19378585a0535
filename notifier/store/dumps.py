"""Dumps as such: the last one, and those that were set aside."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, Row, delete, func, insert, select

from notifier.store import tables
from notifier.store.tables import dump, paper

NEWEST = select(func.max(dump.c.id))


def last_dump(connection: Connection) -> Row[int, str, date, datetime] | None:
    """The dump ingested last: its id, name, listed_on and ingested_at."""
    statement = select(dump.c.id, dump.c.name, dump.c.listed_on, dump.c.ingested_at)
    return connection.execute(statement.order_by(dump.c.id.desc()).limit(1)).one_or_none()


def newest(connection: Connection, until: datetime | None = None) -> int:
    """The id of the newest dump, or of the newest that was ingested `until` then; 0 where there is none."""
    statement = NEWEST if until is None else NEWEST.where(dump.c.ingested_at <= until)
    return connection.scalar(statement) or 0


def count_papers(connection: Connection, since: datetime | None = None) -> int:
    """How many papers are stored, or were first seen from `since` on."""
    counted = select(func.count()).select_from(paper)
    if since is not None:
        counted = counted.where(paper.c.first_seen >= since)
    return connection.scalar(counted) or 0


def quarantine(connection: Connection, path: str, sha256: str, reason: str, now: datetime) -> None:
    """Remember that the file at `path` was set aside."""
    release(connection, path)
    connection.execute(insert(tables.quarantined).values(path=path, sha256=sha256, reason=reason, at=now))


def release(connection: Connection, path: str) -> None:
    """Forget that the file at `path` was set aside: it has been read since."""
    connection.execute(delete(tables.quarantined).where(tables.quarantined.c.path == path))


def quarantined(connection: Connection) -> list[Row[str, str]]:
    """Each file that was set aside: path and reason, the newest first."""
    statement = select(tables.quarantined.c.path, tables.quarantined.c.reason).order_by(
        tables.quarantined.c.at.desc(), tables.quarantined.c.path
    )
    return list(connection.execute(statement))
