"""Cache what was read from the stored papers for all visitors.

It is read again when a dump was ingested, when a curator has changed something, and after ten minutes. What depends on
votes is also read again after a vote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

from notifier.store import curation, reading, votes

MAX_AGE = timedelta(minutes=10)  # topics may change without a dump

Found = TypeVar("Found")


@dataclass(slots=True)
class DumpCache(Generic[Found]):
    """Holds what `read` returns, and the state of the papers and of the votes and the instant of reading.

    `follows_votes` says whether what is read depends on votes.
    """

    read: Callable[[Connection, date], Found]
    follows_votes: bool = False
    _lock: Lock = field(default_factory=Lock)
    _found: Found | None = None
    _state: object = None
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
        state = curation.papers_state(connection), votes.state(connection) if self.follows_votes else 0
        if self._found is None or state != self._state or not self._is_fresh(now):
            self._found, self._state, self._read_at = self.read(connection, now.date()), state, now
        return self._found

    def _is_fresh(self, now: datetime) -> bool:
        return self._read_at is not None and timedelta() <= now - self._read_at < MAX_AGE
