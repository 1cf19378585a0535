"""The head of a copied page: its date, and the buttons that the copy glued to the first title."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta

from notifier.sources.page.lines import Line

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = tuple(
    re.compile(rf"(?:[a-z]+day,? )?{pattern}", re.IGNORECASE)
    for pattern in (
        rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?",
        rf"(?P<day>\d{{1,2}})\.? {_MONTH}(?:,? (?P<year>\d{{4}}))?",
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
    )
)
_NEIGHBOUR = re.compile(r"https?://\S+/papers/date/(20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]))")
_LONGEST_GAP = timedelta(days=7)  # from one day with papers to the next
_LEAP_YEAR = 2000  # has every day that some year has

# `Subscriber churn` and `Subscribed users` begin with no button.
_BUTTONS = re.compile(
    r"(?:Get trending papers[^!]*! ?)*(?:Log In|Sign Up)*Subscribe(?:Daily Papers)?(?!(?:r[a-z]*|[ds])\b)(?=[^\W_])"
)


def without_buttons(title: str, above: Iterable[Line]) -> str:
    """A title without the `Subscribe` that a copy glued to it; where that stands on a line of its own, none is."""
    if any(line.text.casefold() == "subscribe" for line in above):
        return title
    return _BUTTONS.sub("", title, count=1) if _BUTTONS.match(title) else title


def dates_of(head: Iterable[Line], foot: Iterable[Line] = ()) -> tuple[date | None, tuple[int, int] | None]:
    """The first line of the head that is a date with a year, and the first that is a month and a day.

    A day has a year where head or foot link to the page of the day before or after.
    """
    full: date | None = None
    month_day: tuple[int, int] | None = None
    lines = list(head)
    for year, month, day in filter(None, (day_in(line.text) for line in lines)):
        if year is None:
            month_day = month_day or (month, day)
        else:
            full = full or date(year, month, day)
    return full or (_in_linked_year(month_day, [*lines, *foot]) if month_day else None), month_day


def _in_linked_year(month_day: tuple[int, int], lines: Iterable[Line]) -> date | None:
    """The day in the year of the page before or after, where one of the lines links to that."""
    for found in filter(None, (_NEIGHBOUR.fullmatch(link) for line in lines for link in line.links)):
        neighbour = date.fromisoformat(found[1])
        for year in (neighbour.year, neighbour.year - 1, neighbour.year + 1):
            with suppress(ValueError):
                day = date(year, *month_day)
                if abs(day - neighbour) <= _LONGEST_GAP:
                    return day
    return None


def is_date(text: str) -> bool:
    """Whether a line is a date and nothing else."""
    return day_in(text) is not None


def day_in(text: str) -> tuple[int | None, int, int] | None:
    """The year, month and day that a line consists of, or None where it is no date."""
    found = next(filter(None, (pattern.fullmatch(text) for pattern in _DATES)), None)
    if found is None:
        return None
    name, year = found["month"].lower(), found["year"]
    month = int(name) if name.isdigit() else _MONTHS.index(name) + 1
    try:
        date(int(year or _LEAP_YEAR), month, int(found["day"]))
    except ValueError:
        return None
    return (int(year) if year else None), month, int(found["day"])
