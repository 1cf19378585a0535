"""The day that a dump's papers were listed on, decided once when it is ingested."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from notifier.models import ListedOnFrom, ParsedDump

# Eight digits are a date only where they stand alone or after a word: a hexadecimal name is none.
_DATE = re.compile(
    r"(?<![0-9A-Za-z])(?:[A-Za-z]{3,})?((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?:T\d{4,6}Z?)?(?![0-9A-Za-z])"
)
_LEAP_GAP = 8  # years from one 29 February to the next, at most (1896 to 1904)


def decide_listing_day(option: date | None, name: str, dump: ParsedDump, now: datetime) -> tuple[date, ListedOnFrom]:
    """The listing day and what it was taken from.

    In this order: what the operator said; a date in the file's name; a full date inside; a day and month inside, in
    the latest year that is not after `now`; else `now`'s day in UTC.
    """
    today = now.astimezone(UTC).date()
    if option:
        return option, ListedOnFrom.OPTION
    if named := _date_in_name(name):
        return named, ListedOnFrom.NAME
    if inside := dump.full_date or (dump.month_day and _latest(dump.month_day, today)):
        return inside, ListedOnFrom.PAGE
    return today, ListedOnFrom.CLOCK


def _date_in_name(name: str) -> date | None:
    """The first date in the last part of a path or address, such as 2026-07-06, 2026_07_06 or 20260706."""
    for found in _DATE.finditer(re.split(r"[/\\]", name)[-1]):
        if day := _date(int(found[1]), int(found[3]), int(found[4])):
            return day
    return None


def _latest(month_day: tuple[int, int], today: date) -> date | None:
    """The last such day that is not after today; None for a day that no year has."""
    years = range(today.year, today.year - _LEAP_GAP - 1, -1)
    days = (_date(year, *month_day) for year in years)
    return next((day for day in days if day and day <= today), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
