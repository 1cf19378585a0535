"""Delete expired rows: unconfirmed requests, old notices, sessions, counts of limits, and stored answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.store import limits, reading, requests, retried, sessions, stored_answers, writing


@retried
def sweep(engine: Engine, now: datetime) -> None:
    """Delete what has expired: requests, sessions, counts of ended windows, old notices, and answers of the API."""
    with reading(engine) as connection:
        has_work = (
            requests.has_old(connection, now)
            or sessions.has_expired(connection, now)
            or limits.has_ended(connection, now)
            or stored_answers.has_old(connection, now)
        )
    if has_work:
        with writing(engine) as connection:
            requests.delete_old(connection, now)
            sessions.delete_expired(connection, now)
            limits.delete_ended(connection, now)
            stored_answers.delete_old(connection, now)
