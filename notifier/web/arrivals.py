"""Read what the footer of each page says about the arrival of papers, once a minute for all visitors."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from notifier.arrivals import source_health
from notifier.config import Config
from notifier.errors import StoreError
from notifier.store import dumps, reading

MAX_AGE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The day of the newest papers, the sources whose papers may be missing, and the first day that may lack papers.

    `newest` is None if there are no papers. `since` is None, and `missing` empty, if nothing is wrong.
    """

    newest: date | None = None
    since: date | None = None
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class ArrivalsCache:
    """Holds what was read last, and when."""

    _lock: Lock = field(default_factory=Lock)
    _found: Arrivals = field(default_factory=Arrivals)
    _read_at: datetime | None = None

    def get(self, engine: Engine, config: Config, now: datetime) -> Arrivals:
        """Return the current state, or the last one read if another request is reading it or if it cannot be read."""
        is_fresh = self._read_at is not None and timedelta() <= now - self._read_at < MAX_AGE
        if not is_fresh and self._lock.acquire(blocking=False):
            try:
                with suppress(SQLAlchemyError, StoreError):  # a page does not fail because of its footer
                    self._found, self._read_at = _read(engine, config, now), now
            finally:
                self._lock.release()
        return self._found


def _read(engine: Engine, config: Config, now: datetime) -> Arrivals:
    with reading(engine) as connection:
        newest = dumps.newest_paper_at(connection)
    troubled = [each for each in source_health(engine, config, now) if each.health.is_trouble]
    return Arrivals(
        newest=newest.date() if newest else None,
        since=min((each.since for each in troubled if each.since), default=None),
        missing=tuple(each.name for each in troubled),
    )
