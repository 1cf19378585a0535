"""Delete expired rows: unconfirmed requests, old notices, sessions, and counts of limits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.store import limits, reading, requests, retried, sessions, writing


@retried
def sweep(engine: Engine, now: datetime) -> None:
    """Delete what has expired: requests, sessions, counts of ended windows, and old notices."""
    with reading(engine) as connection:
        has_work = (
            requests.has_old(connection, now)
            or sessions.has_expired(connection, now)
            or limits.has_ended(connection, now)
        )
    if has_work:
        with writing(engine) as connection:
            requests.delete_old(connection, now)
            sessions.delete_expired(connection, now)
            limits.delete_ended(connection, now)
