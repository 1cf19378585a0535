"""Store sessions: browsers in which subscribers have signed in. Only a hash of each session's secret is stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from notifier.store.tables import session


def add(  # noqa: PLR0913 - the columns
    connection: Connection,
    secret_hash: str,
    subscriber_id: int,
    now: datetime,
    lifetime: timedelta,
    *,
    asked_for: bool = False,
) -> None:
    """Add a session that begins now; `asked_for` says that it is opened by a link that was asked for."""
    times = {"created_at": now, "last_used_at": now, "expires_at": now + lifetime}
    values = {"secret_hash": secret_hash, "subscriber_id": subscriber_id, "asked_for": asked_for}
    connection.execute(insert(session).values(**values, **times))


def find(connection: Connection, secret_hash: str, now: datetime) -> tuple[int, datetime] | None:
    """Return the subscriber of a session and when it was last used; None if it has ended or expired."""
    found = select(session.c.subscriber_id, session.c.last_used_at)
    row = connection.execute(
        found.where(session.c.secret_hash == secret_hash, session.c.expires_at > now)
    ).one_or_none()
    return (row.subscriber_id, row.last_used_at) if row else None


def was_asked_for(connection: Connection, secret_hash: str) -> bool:
    """Return whether a session was opened by a link that was asked for."""
    return bool(connection.scalar(select(session.c.asked_for).where(session.c.secret_hash == secret_hash)))


def set_used(connection: Connection, secret_hash: str, now: datetime) -> None:
    """Store that a session is used at `now`."""
    connection.execute(update(session).where(session.c.secret_hash == secret_hash).values(last_used_at=now))


def end(connection: Connection, secret_hash: str) -> None:
    """End a session."""
    connection.execute(delete(session).where(session.c.secret_hash == secret_hash))


def end_all(connection: Connection, subscriber_id: int) -> None:
    """End all sessions of a subscriber."""
    connection.execute(delete(session).where(session.c.subscriber_id == subscriber_id))


def all_of(connection: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return the times of all sessions of a subscriber, oldest first."""
    times: Select[Any] = select(session.c.created_at, session.c.last_used_at, session.c.expires_at)
    mine = times.where(session.c.subscriber_id == subscriber_id)
    return list(connection.execute(mine.order_by(session.c.created_at)))


def has_expired(connection: Connection, now: datetime) -> bool:
    """Return whether any session has expired."""
    expired = select(session.c.secret_hash).where(session.c.expires_at <= now)
    return connection.execute(expired.limit(1)).first() is not None


def delete_expired(connection: Connection, now: datetime) -> None:
    """Delete the sessions that have expired."""
    connection.execute(delete(session).where(session.c.expires_at <= now))
