"""Decide which listing days of a source are announced, and up to which day a source was taken whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from notifier.models import ListedOnFrom, ParsedDump
from notifier.sources import decide_listing_day

ANNOUNCED_DAYS = 7  # counting today; papers of older days are stored as announced already
_EMPTY = ParsedDump("", ())


def is_archive(is_first: bool, name: str, day: date | None, now: datetime) -> bool:
    """Return whether the papers of a document are stored as announced already.

    They are at the first fetch of a source, which would announce everything that the source has, and if the listing day
    is too old. `name` is the document's file name, which may hold that day.
    """
    day = day or day_in_name(name, now)
    return is_first or (day is not None and (now.astimezone(UTC).date() - day).days >= ANNOUNCED_DAYS)


def day_in_name(name: str, now: datetime) -> date | None:
    """Return the listing day that a file name holds; None if it holds none."""
    day, where = decide_listing_day(None, name, _EMPTY, now)
    return day if where is ListedOnFrom.NAME else None


def taken_until(before: date | None, days: Mapping[date, bool]) -> date | None:
    """Return the last day up to which a source was taken whole.

    `days` says of each day of this run whether it was taken whole. A day after one that was not does not count.
    """
    first_lacking = min((day for day, is_whole in days.items() if not is_whole), default=date.max)
    whole = [day for day, is_whole in days.items() if is_whole and day < first_lacking]
    return max([*whole, *([before] if before else [])], default=None)
