"""Keep the log of what administrators do on the pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from notifier.models import ERASED, AdminEntry
from notifier.store.statements import batches
from notifier.store.tables import LARGEST_ID, admin_log


def add(connection: Connection, entry: AdminEntry) -> int:
    """Add an entry, and return its id; the id of `entry` is not used."""
    values = {name: value for name, value in asdict(entry).items() if name != "id"}
    added: int = connection.execute(insert(admin_log).values(values).returning(admin_log.c.id)).scalar_one()
    return added


def finish(connection: Connection, entry_id: int, outcome: str) -> None:
    """Store how the change of an entry ended."""
    connection.execute(update(admin_log).where(admin_log.c.id == entry_id).values(outcome=outcome))


def remove(connection: Connection, entry_id: int) -> None:
    """Delete the entry of a change that was refused."""
    connection.execute(delete(admin_log).where(admin_log.c.id == entry_id))


def entries(
    connection: Connection, limit: int | None, before_id: int | None = None, subject: str | None = None
) -> list[AdminEntry]:
    """Return at most `limit` entries, or all without it, the newest first; with `before_id`, only older ones.

    With `subject`, only those about it are returned.
    """
    wanted = select(admin_log).order_by(admin_log.c.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(admin_log.c.id < min(max(before_id, 0), LARGEST_ID))
    if subject is not None:
        wanted = wanted.where(admin_log.c.subject == subject)
    return [AdminEntry(**row._mapping) for row in connection.execute(wanted)]


def old_ids(connection: Connection, before: datetime, limit: int) -> list[int]:
    """Return the ids of at most `limit` entries from before this instant, the oldest first."""
    old = select(admin_log.c.id).where(admin_log.c.at < before).order_by(admin_log.c.id).limit(limit)
    return list(connection.scalars(old))


def delete_entries(connection: Connection, ids: Collection[int]) -> int:
    """Delete these entries, and return how many were deleted."""
    return sum(connection.execute(delete(admin_log).where(admin_log.c.id.in_(each))).rowcount for each in batches(ids))


def rows_about(connection: Connection, email: str) -> Sequence[Row[Any]]:
    """Return the rows of what the person with this address did, and of what was done to them, the oldest first."""
    row = admin_log.c
    wanted = select(admin_log).where(or_(row.actor == email, row.subject == email)).order_by(row.id)
    return connection.execute(wanted).all()


def rename(connection: Connection, email: str, new: str) -> None:
    """Replace an address in the log, because it has changed."""
    for column in ("actor", "subject"):
        mine = update(admin_log).where(admin_log.c[column] == email)
        connection.execute(mine.values({column: new}))


def forget(connection: Connection, email: str) -> None:
    """Remove an address from the log, and what the entries about it say, because its owner was erased."""
    about = update(admin_log).where(admin_log.c.subject == email)
    connection.execute(about.values(details=""))
    rename(connection, email, ERASED)
