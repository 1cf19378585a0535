"""Mark a database whose contents were written under a simulated clock (`--now`).

The mark is set before the first dump or subscriber is stored, and is never removed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, insert, select

from notifier.store.tables import dump, simulated_clock, subscriber


def is_marked(connection: Connection) -> bool:
    """Return whether the database was made for a simulated clock."""
    return bool(connection.scalar(select(exists().where(simulated_clock.c.started_at.is_not(None)))))


def mark_if_empty(connection: Connection, now: datetime) -> bool:
    """Mark the database, if it holds neither dumps nor subscribers; return whether it is marked.

    `now` is the instant that the simulated clock shows.
    """
    if is_marked(connection):
        return True
    if connection.scalar(select(exists(select(dump.c.id)) | exists(select(subscriber.c.id)))):
        return False
    connection.execute(insert(simulated_clock).values(started_at=now))
    return True
