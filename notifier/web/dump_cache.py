"""Cache what was read from the stored papers for all visitors, until a dump is ingested or ten minutes have passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

from notifier.store import dumps, reading

MAX_AGE = timedelta(minutes=10)  # topics may change without a dump

Found = TypeVar("Found")


@dataclass(slots=True)
class DumpCache(Generic[Found]):
    """Holds what `read` returns, and the number of the dump and the instant at which it was read."""

    read: Callable[[Connection, date], Found]
    _lock: Lock = field(default_factory=Lock)
    _found: Found | None = None
    _dump: int = 0
    _read_at: datetime | None = None

    def get(self, engine: Engine, now: datetime) -> Found:
        """Return what was read.

        While one request reads it again, the others get what was read before.
        """
        known = self._found
        if not self._lock.acquire(blocking=known is None):
            assert known is not None, "if nothing was read before, a request waits for the lock"
            return known
        try:
            with reading(engine) as connection:
                return self._current(connection, now)
        finally:
            self._lock.release()

    def _current(self, connection: Connection, now: datetime) -> Found:
        newest = dumps.newest_id(connection)
        if self._found is None or newest != self._dump or not self._is_fresh(now):
            self._found, self._dump, self._read_at = self.read(connection, now.date()), newest, now
        return self._found

    def _is_fresh(self, now: datetime) -> bool:
        return self._read_at is not None and timedelta() <= now - self._read_at < MAX_AGE
