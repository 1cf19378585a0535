"""Limit how often something may be done under a key in a window of time, counted for all services together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from notifier.store.statements import insert_into
from notifier.store.tables import usage_count


class Limit(NamedTuple):
    """At most `most` uses of a key in each window; `key` names what is counted, such as `sign-up network 192.0.2.0/24`.

    Only a hash of the key is stored, because it may hold an address.
    """

    key: str
    most: int
    window: timedelta


def allow(connection: Connection, limits: Iterable[Limit], now: datetime) -> bool:
    """Count one use under each of these limits in turn, and return whether it exceeds none of them.

    Counting stops after the first limit that is exceeded. A use that is refused does not count under the limits that
    follow: whoever has exceeded a limit of their own must not use up one that they share with others. Windows begin at
    multiples of their length, so all services count in the same ones.
    """
    return all(add(connection, limit, 1, now) <= limit.most for limit in limits)


def add(connection: Connection, limit: Limit, number: int, now: datetime) -> int:
    """Count more uses under a limit, and return the number of uses in this window."""
    values = {"key": _key(limit), "ends_at": end_of_window(limit.window, now), "number": number}
    insertion = insert_into(connection.dialect, usage_count).values(values)
    counting = insertion.on_conflict_do_update(
        index_elements=["key", "ends_at"], set_={"number": usage_count.c.number + number}
    )
    counted: int = connection.execute(counting.returning(usage_count.c.number)).scalar_one()
    return counted


def has_ended(connection: Connection, now: datetime) -> bool:
    """Return whether any window has ended."""
    ended = select(usage_count.c.key).where(usage_count.c.ends_at <= now)
    return connection.execute(ended.limit(1)).first() is not None


def delete_ended(connection: Connection, now: datetime) -> None:
    """Delete the counts of windows that have ended."""
    connection.execute(delete(usage_count).where(usage_count.c.ends_at <= now))


def _key(limit: Limit) -> str:
    return sha256(f"{limit.window} {limit.key}".encode()).hexdigest()


def end_of_window(window: timedelta, now: datetime) -> datetime:
    """Return when the current window of this length ends."""
    begun = int(now.timestamp() // window.total_seconds())
    return datetime.fromtimestamp((begun + 1) * window.total_seconds(), UTC)
