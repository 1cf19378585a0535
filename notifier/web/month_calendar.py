"""The calendar of a month, with the days on which papers are listed."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

from notifier.search import ListedDays
from notifier.web.list_periods import Period, month_of, week_of


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the month, and the number of papers that are listed on it."""

    day: date
    papers: int


@dataclass(frozen=True, slots=True)
class CalendarWeek:
    """A row of the calendar: a week, and its seven days; None stands for a day of another month."""

    period: Period
    days: tuple[CalendarDay | None, ...]


@dataclass(frozen=True, slots=True)
class MonthCalendar:
    """The weeks of a month, and the nearest months before and after it that have papers."""

    month: Period
    weeks: tuple[CalendarWeek, ...]
    previous: Period | None
    following: Period | None


def month_calendar(listed_days: ListedDays, day: date) -> MonthCalendar:
    """Return the calendar of the month of this day."""
    month = month_of(day)
    before, after = listed_days.before(month.first), listed_days.after(month.last)
    return MonthCalendar(
        month,
        tuple(_week(listed_days, month, numbers) for numbers in calendar.monthcalendar(day.year, day.month)),
        month_of(before) if before else None,
        month_of(after) if after else None,
    )


def _week(listed_days: ListedDays, month: Period, numbers: list[int]) -> CalendarWeek:
    """Return the week with these days of the month; 0 stands for a day of another month."""
    days = [month.first.replace(day=number) if number else None for number in numbers]
    return CalendarWeek(
        week_of(next(day for day in days if day)),
        tuple(CalendarDay(day, listed_days.counts.get(day, 0)) if day else None for day in days),
    )
