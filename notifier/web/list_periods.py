"""The days, weeks and months that lists of papers are about, as their URLs write them."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from notifier.text.dates import MONTHS, WEEKDAYS, day_in_words

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A day, a week from Monday to Sunday (ISO 8601), or a month.

    `kind` is `date`, `week` or `month`, and `name` is written as in the URL, such as `2025-W37`.
    """

    kind: str
    name: str
    first: date
    last: date

    @property
    def path(self) -> str:
        """The path of the list, without the path of the base URL."""
        return f"/papers/{self.kind}/{self.name}"

    @property
    def words(self) -> str:
        """The period in words, such as `11 September 2025`."""
        if self.kind == "date":
            return day_in_words(self.first)
        if self.kind == "month":
            return f"{MONTHS[self.first.month - 1]} {self.first.year}"
        year, week, _ = self.first.isocalendar()
        return f"week {week} of {year}"

    @property
    def label(self) -> str:
        """The period in words, with a capital letter at the beginning, such as `Week 37 of 2025`."""
        return self.words[0].upper() + self.words[1:]

    @property
    def details(self) -> str:
        """The weekday of a day, or the first and the last day of a week; empty for a month."""
        if self.kind == "date":
            return WEEKDAYS[self.first.weekday()]
        return f"{day_in_words(self.first)} to {day_in_words(self.last)}" if self.kind == "week" else ""


def day_of(day: date) -> Period:
    """Return the period of one day."""
    return Period("date", day.isoformat(), day, day)


def week_of(day: date) -> Period:
    """Return the week of a day. The week of 9999-12-31 ends on that Friday, because Python has no later dates."""
    first = day - day.weekday() * ONE_DAY
    year, week, _ = first.isocalendar()
    return Period("week", f"{year:04}-W{week:02}", first, first + min(6 * ONE_DAY, date.max - first))


def month_of(day: date) -> Period:
    """Return the month of a day."""
    _, days = monthrange(day.year, day.month)
    return Period("month", f"{day.year:04}-{day.month:02}", day.replace(day=1), day.replace(day=days))


def period_of(kind: str, name: str) -> Period | None:
    """Return the period with this name; None if there is no such day, week or month."""
    try:
        return _READERS[kind](name)
    except ValueError:
        return None


def period_around(kind: str, day: date) -> Period:
    """Return the period of this kind that has the day."""
    return {"date": day_of, "week": week_of, "month": month_of}[kind](day)


def _day(name: str) -> Period | None:
    return day_of(date.fromisoformat(name)) if _DAY.fullmatch(name) else None


def _week(name: str) -> Period | None:
    found = _WEEK.fullmatch(name)
    return week_of(date.fromisocalendar(int(found[1]), int(found[2]), 1)) if found else None


def _month(name: str) -> Period | None:
    found = _MONTH.fullmatch(name)
    return month_of(date(int(found[1]), int(found[2]), 1)) if found else None


_READERS: dict[str, Callable[[str], Period | None]] = {"date": _day, "week": _week, "month": _month}
