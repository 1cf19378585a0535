"""What a mail says about the time that it is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from notifier.errors import ComposeError

# The mail is in English whatever the machine's locale is, which strftime would follow.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_PERIOD = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)|(?P<week>\d{4}-W\d\d)|(?P<month>\d{4}-\d\d)|dump:.+", re.ASCII)
ONE_DAY = timedelta(days=1)
ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PeriodWording:
    """A mail's subject, and the sentence that it opens with."""

    subject: str
    opening: str


def wording_of(period: str, day: date) -> PeriodWording:
    """How to speak of `period`, whose mail is meant for the local date `day`.

    A weekly mail tells of the seven days before `day`, a monthly one of the month before its own. The opening depends
    on the period alone. Raises ComposeError for what is no period.
    """
    try:
        return _occasion(period, day)
    except ValueError:
        raise ComposeError(f"{period!r} is not a period such as 2026-11-22, 2026-W47, 2026-11 or dump:7") from None


def _occasion(period: str, day: date) -> PeriodWording:
    found = _PERIOD.fullmatch(period)
    if not found:
        raise ValueError(period)
    if found["day"]:
        day = date.fromisoformat(period)
        return PeriodWording(f"Daily papers of {_day(day)} {day.year}", _selection(f"for today ({_day(day)})"))
    if found["week"]:
        return PeriodWording(
            f"Weekly papers of {_span(day - ONE_WEEK, day - ONE_DAY)}", _selection("of the last seven days")
        )
    if found["month"]:
        last = date.fromisoformat(f"{period}-01") - ONE_DAY
        month = _MONTHS[last.month - 1]
        return PeriodWording(f"Monthly papers of {month} {last.year}", _selection(f"of the last month ({month})"))
    return PeriodWording(f"New papers of {_day(day)} {day.year}", _selection("that just came in"))


def _selection(which: str) -> str:
    return f"Here is the selection of papers {which}:"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def _span(first: date, last: date) -> str:
    """From `first` to `last`, with what they share named once: `29 Jun to 5 Jul 2026`."""
    if first.year != last.year:
        return f"{_day(first)} {first.year} to {_day(last)} {last.year}"
    start = str(first.day) if first.month == last.month else _day(first)
    return f"{start} to {_day(last)} {last.year}"
