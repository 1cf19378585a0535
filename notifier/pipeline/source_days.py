"""Decide whether the papers of a listing day are announced, and up to which day a source was taken completely."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from notifier.models import ListedOnFrom, ParsedDump
from notifier.sources import decide_listing_day

ANNOUNCED_DAYS = 7  # counting today; papers of older days are stored as announced already
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
    """Return the last day up to which a source was taken completely.

    `days` says of each day of this run whether it was taken completely. Days after an incomplete day do not count.
    """
    first_incomplete = min((day for day, is_complete in days.items() if not is_complete), default=date.max)
    complete = [day for day, is_complete in days.items() if is_complete and day < first_incomplete]
    return max([*complete, *([before] if before else [])], default=None)
