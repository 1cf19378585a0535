"""Delete expired rows: requests that nobody has confirmed, old notices, sessions, and the counts of limits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.store import limits, reading, requests, retried, sessions, writing


@retried
def sweep(engine: Engine, now: datetime) -> None:
    """Delete requests and sessions that have expired, notices that were sent long ago, and counts of ended windows."""
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
