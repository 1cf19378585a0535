"""Remove rows and files that are older than the config keeps them, a few at a time.

Each transaction is short, and between two of them others may write, so that nothing has to wait for the removal. It may
be stopped at any moment, and several processes may run it at once. Nothing is removed while the clock is far from
the time that it showed when it was believed last. Otherwise, a machine whose clock is years ahead for an hour would
remove everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine

from notifier.config import Config
from notifier.files import KeptDocuments
from notifier.store import admin_log, reading, removals, retried, returned, sources, writing
from notifier.subscribers import sweep

RUN_SECONDS = 30.0  # the longest run for each kind; the next run goes on
LOOKED_AT = 2_000  # rows of the outbox that are looked at in one read transaction
FEWEST, MOST = 20, 1_000  # rows that are removed in one transaction
QUICK, SLOW = 0.02, 0.06  # seconds; a transaction that takes longer is followed by a smaller one


@dataclass(slots=True)
class RemovalReport:
    """The number of rows or files that were removed, by kind; `doubt` says why nothing is removed at all."""

    removed: dict[str, int] = field(default_factory=dict)
    doubt: str = ""


def remove_old(
    engine: Engine, config: Config, now: datetime, goes_on: Callable[[], bool] = lambda: True
) -> RemovalReport:
    """Remove what the config does not keep any longer, and return how much of it.

    `goes_on` is called between two transactions, and says whether to go on.
    """
    if doubt := _doubt(engine, now):
        return RemovalReport(doubt=doubt)
    sweep(engine, now)
    report = RemovalReport()
    run = _Removal(engine, config, now, goes_on)
    for name, remove in _KINDS.items():
        if goes_on() and (removed := remove(run)):
            report.removed[name] = removed
            _record(engine, name, removed, now)
    return report


@retried
def _doubt(engine: Engine, now: datetime) -> str:
    """Return why the clock is not believed; an empty text if it is."""
    with writing(engine) as connection:
        if removals.believe_clock(connection, now):
            return ""
        return removals.doubt(connection)


@dataclass(frozen=True, slots=True)
class _Removal:
    engine: Engine
    config: Config
    now: datetime
    goes_on: Callable[[], bool]

    def before(self, days: int) -> datetime:
        """Return the instant before which a row is old if rows of its kind are kept for this many days."""
        return self.now - timedelta(days=days)


def _remove_fetched(run: _Removal) -> int:
    """Delete old fetched documents, and the records of old documents and of removed sources."""
    removed, keep = 0, run.config.keep
    if keep.fetched:
        with suppress(OSError):
            for folder in list(run.config.fetching_settings.folder.iterdir()):
                removed += KeptDocuments(folder).sweep(run.before(keep.fetched))
    if keep.sources:
        _sweep_sources(run.engine, run.config, run.before(keep.sources))
    return removed


@retried
def _sweep_sources(engine: Engine, config: Config, before: datetime) -> None:
    with writing(engine) as connection:
        sources.sweep(connection, config.sources, before)


def _remove_listings(run: _Removal) -> int:
    """Delete the listings of old days that nothing depends on."""
    if not run.config.keep.listings:
        return 0
    pace, before = _Pace(run.goes_on), run.before(run.config.keep.listings).date()
    while pace.has_time():
        with reading(run.engine) as connection:
            day = removals.next_listing_day(connection, before)
            ids = removals.repeated_listings(connection, day) if day else []
        if day is None or not pace.in_steps(run.engine, ids, removals.delete_listings):
            break
        _finish_day(run, day)
    return pace.removed


@retried
def _finish_day(run: _Removal, day: date) -> None:
    with writing(run.engine) as connection:
        removals.finish_listing_day(connection, day, run.now)


def _remove_deliveries(run: _Removal) -> int:
    """Delete old deliveries that nothing depends on."""
    if not run.config.keep.deliveries:
        return 0
    with reading(run.engine) as connection:
        needed = removals.needed_since(connection, run.now)
    before, pace, last_id = min(run.before(run.config.keep.deliveries), needed), _Pace(run.goes_on), 0
    while pace.has_time():
        with reading(run.engine) as connection:
            found = removals.old_deliveries(connection, last_id, before, run.now, LOOKED_AT)
        done = pace.in_steps(run.engine, found.ids, lambda each, ids: removals.delete_deliveries(each, ids, before))
        if not done or found.is_last:
            break
        last_id = found.last_id
    return pace.removed


def _remove_returned(run: _Removal) -> int:
    """Delete what is known of messages that came back long ago, and of mailboxes that nobody reads any more."""
    pace = _Pace(run.goes_on)
    while pace.has_time():
        with reading(run.engine) as connection:
            ids = returned.old_ids(connection, run.now, LOOKED_AT)
        if not ids or not pace.in_steps(run.engine, ids, returned.delete_rows):
            break
    _forget_inboxes(run.engine, run.config, run.now)
    return pace.removed


def _remove_admin_log(run: _Removal) -> int:
    """Delete old entries of the administrators' log."""
    pace, before = _Pace(run.goes_on), run.before(run.config.keep.admin_log)
    while run.config.keep.admin_log and pace.has_time():
        with reading(run.engine) as connection:
            ids = admin_log.old_ids(connection, before, LOOKED_AT)
        if not ids or not pace.in_steps(run.engine, ids, admin_log.delete_entries):
            break
    return pace.removed


@retried
def _forget_inboxes(engine: Engine, config: Config, now: datetime) -> None:
    with writing(engine) as connection:
        returned.forget_inboxes(connection, config.inbox_name, now)


class _Pace:
    """Deletes rows in short transactions, and waits as long after each one as it took, so that others may write."""

    def __init__(self, goes_on: Callable[[], bool]) -> None:
        self.removed = 0
        self._goes_on = goes_on
        self._size = FEWEST
        self._deadline = time.monotonic() + RUN_SECONDS

    def has_time(self) -> bool:
        """Return whether another transaction may be begun."""
        return self._goes_on() and time.monotonic() < self._deadline

    def in_steps(self, engine: Engine, ids: list[int], delete: Callable[[Connection, list[int]], int]) -> bool:
        """Delete these rows; return False if the time ends before that."""
        while ids:
            if not self.has_time():
                return False
            step, ids = ids[: self._size], ids[self._size :]
            begun = time.monotonic()
            self.removed += _in_one_transaction(engine, step, delete)
            taken = time.monotonic() - begun
            self._size = max(self._size // 2, FEWEST) if taken > SLOW else self._size
            self._size = min(self._size * 2, MOST) if taken < QUICK else self._size
            time.sleep(taken)
        return True


@retried
def _in_one_transaction(engine: Engine, ids: list[int], delete: Callable[[Connection, list[int]], int]) -> int:
    with writing(engine) as connection:
        return delete(connection, ids)


@retried
def _record(engine: Engine, name: str, removed: int, now: datetime) -> None:
    with writing(engine) as connection:
        removals.record(connection, name, removed, now)


_KINDS: dict[str, Callable[[_Removal], int]] = {
    "fetched": _remove_fetched,
    "listings": _remove_listings,
    "deliveries": _remove_deliveries,
    "returned messages": _remove_returned,
    "admin log entries": _remove_admin_log,
}
