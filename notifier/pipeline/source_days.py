"""Decide whether the papers of a listing day are announced, and up to which day a source was ingested completely."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from notifier.models import ListedOnFrom, ParsedDump
from notifier.sources import decide_listing_day
from notifier.store.sources import SourceState

ANNOUNCED_DAYS = 7  # counting today; papers of older days are stored as announced already
# At most so many days before today are recorded as missed. The usual number of papers of a day (`notifier.arrivals`)
# never depends on older days.
MISSED_DAYS = 60
_EMPTY = ParsedDump("", ())


def is_archive(is_first: bool, name: str, day: date | None, now: datetime) -> bool:
    """Return whether the papers of a document are stored as announced already.

    This is so for the first fetch of a source, because a source may hold the papers of many years, and for a listing
    day that is too old. `name` is the document's file name, which may hold that day.
    """
    day = day or day_in_name(name, now)
    return is_first or (day is not None and (now.astimezone(UTC).date() - day).days >= ANNOUNCED_DAYS)


def day_in_name(name: str, now: datetime) -> date | None:
    """Return the listing day that a file name holds; None if it holds none."""
    day, where = decide_listing_day(None, name, _EMPTY, now)
    return day if where is ListedOnFrom.NAME else None


def taken_until(before: date | None, days: Mapping[date, bool]) -> date | None:
    """Return the last day up to which the papers of a source were ingested completely.

    `days` says of each day of this run whether it is complete. Days after an incomplete day do not count.
    """
    first_incomplete = min((day for day, is_complete in days.items() if not is_complete), default=date.max)
    complete = [day for day, is_complete in days.items() if is_complete and day < first_incomplete]
    return max([*complete, *([before] if before else [])], default=None)


def missed_days(before: SourceState, now: datetime) -> list[date]:
    """Return the days before today on which a source was due and no fetch of it succeeded.

    `before` is the state of the source before the fetch that succeeds at `now`.
    """
    began = before.problem_since or before.next_due
    if began is None or before.first_succeeded_at is None:
        return []
    today, first = now.astimezone(UTC).date(), began.astimezone(UTC).date()
    succeeded = before.last_succeeded_at
    if succeeded is not None and (before.problem_since is None or succeeded >= began):
        first = max(first, succeeded.astimezone(UTC).date() + timedelta(days=1))
    first = max(first, today - timedelta(days=MISSED_DAYS))
    return [first + timedelta(days=number) for number in range((today - first).days)]
