"""Decide the listing day of a dump: the day on which its papers were listed. It is decided once, at ingest."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from notifier.models import ListedOnFrom, ParsedDump

# No digit or letter may touch the date, since eight digits in a hexadecimal name are not a date. The exception is a
# word of three or more letters directly before the date.
_DATE = re.compile(
    r"(?<![0-9A-Za-z])(?:[A-Za-z]{3,})?((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?:T\d{4,6}Z?)?(?![0-9A-Za-z])"
)
_LEAP_GAP = 8  # the longest time in years from one 29 February to the next (1896 to 1904)


def decide_listing_day(option: date | None, name: str, dump: ParsedDump, now: datetime) -> tuple[date, ListedOnFrom]:
    """Return the listing day of a dump, and the source of that day.

    The first of these that exists is used:

    1. `option`, the day that the operator gave;
    2. a date in `name`, the name of the file;
    3. a full date inside the dump;
    4. a day and month inside the dump, in the latest year in which that day is not after `now`;
    5. the day of `now` in UTC.
    """
    today = now.astimezone(UTC).date()
    if option:
        return option, ListedOnFrom.OPTION
    if date_in_name := _date_in_name(name):
        return date_in_name, ListedOnFrom.NAME
    if date_inside := dump.full_date or (dump.month_day and _latest_day(dump.month_day, today)):
        return date_inside, ListedOnFrom.PAGE
    return today, ListedOnFrom.CLOCK


def _date_in_name(name: str) -> date | None:
    """Return the first date, such as 2026-07-06, 2026_07_06 or 20260706, in the last part of a path or URL."""
    for found in _DATE.finditer(re.split(r"[/\\]", name)[-1]):
        if day := _valid_date(int(found[1]), int(found[3]), int(found[4])):
            return day
    return None


def _latest_day(month_day: tuple[int, int], today: date) -> date | None:
    """Return the latest date with this month and day that is not after today.

    Returns None if no year has such a day.
    """
    years = range(today.year, today.year - _LEAP_GAP - 1, -1)
    days = (_valid_date(year, *month_day) for year in years)
    return next((day for day in days if day and day <= today), None)


def _valid_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
