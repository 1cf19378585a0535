"""Word the period of a digest, for its subject and the line below its heading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from notifier.errors import ComposeError
from notifier.text.dates import MONTHS, WEEKDAYS, day_in_words

_PERIOD = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)|(?P<week>\d{4}-W\d\d)|(?P<month>\d{4}-\d\d)|dump:.+", re.ASCII)
ONE_DAY = timedelta(days=1)
ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PeriodWording:
    """The words for a period in a subject, and the line below the heading of a digest."""

    subject: str
    opening: str


# The wording for a digest without new papers, which has the newest of the earlier papers that match.
EARLIER = PeriodWording(
    "Earlier papers", "Nothing is new: these are the newest papers that match, and you may know them"
)


def wording_of(period: str, day: date) -> PeriodWording:
    """Return the wording for the digest of `period` whose intended local date is `day`.

    A weekly digest is about the seven days before `day`. A monthly digest is about the month before that of `period`.
    The opening depends on `period` alone. Raises ComposeError if `period` is not a period.
    """
    try:
        return _wording(period, day)
    except ValueError:
        raise ComposeError(f"{period!r} is not a period such as 2026-11-22, 2026-W47, 2026-11 or dump:7") from None


def _wording(period: str, day: date) -> PeriodWording:
    match = _PERIOD.fullmatch(period)
    if not match:
        raise ValueError(period)
    if match["day"]:
        day = date.fromisoformat(period)
        return PeriodWording(f"Daily papers of {_day(day)} {day.year}", f"New papers of {long_day(day)}")
    if match["week"]:
        return PeriodWording(
            f"Weekly papers of {_date_range(day - ONE_WEEK, day - ONE_DAY)}", "New papers of the last seven days"
        )
    if match["month"]:
        last = date.fromisoformat(f"{period}-01") - ONE_DAY
        month = MONTHS[last.month - 1]
        return PeriodWording(f"Monthly papers of {month} {last.year}", f"New papers of {month} {last.year}")
    return PeriodWording(f"New papers of {_day(day)} {day.year}", "New papers that just came in")


def long_day(day: date) -> str:
    """Return a day in words, such as `Monday, 6 July 2026`."""
    return f"{WEEKDAYS[day.weekday()]}, {day_in_words(day)}"


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def _date_range(first: date, last: date) -> str:
    """Return the range from `first` to `last`, naming a shared year or month once: `29 Jun to 5 Jul 2026`."""
    if first.year != last.year:
        return f"{_day(first)} {first.year} to {_day(last)} {last.year}"
    start = str(first.day) if first.month == last.month else _day(first)
    return f"{start} to {_day(last)} {last.year}"
