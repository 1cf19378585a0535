"""Make histories of sources, in the form in which the functions that judge a source get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from notifier.models import DayCount, SourceHistory

MONDAY = date(2026, 11, 2)  # the first day of the histories here
ARXIV_WEEK = (334, 250, 230, 220, 200, 0, 0)


def day(number: int) -> date:
    """Return a day by its number, from MONDAY on."""
    return MONDAY + timedelta(days=number)


def instant(number: int, hour: int = 20) -> datetime:
    """Return an instant on a day by its number."""
    return datetime.combine(day(number), time(hour), UTC)


def weekly(week: Sequence[int], days: int) -> dict[date, DayCount]:
    """Return the counts of this many days, which repeat the counts of one week. The week is given from Monday on."""
    return {day(number): DayCount(week[number % 7]) for number in range(days) if week[number % 7]}


def fetched(days: Mapping[date, DayCount], now: datetime, **changes: Any) -> SourceHistory:
    """Return the history of a source that was fetched for the first time on MONDAY and for the last time at `now`."""
    values: dict[str, Any] = {
        "first_succeeded_at": instant(0),
        "last_tried_at": now,
        "last_succeeded_at": now,
        "next_due": now + timedelta(hours=6),
        **changes,
    }
    return SourceHistory(name="arxiv", days=days, **values)


def failing(days: Mapping[date, DayCount], now: datetime, since: datetime, tries: int, problem: str) -> SourceHistory:
    """Return the history of a source that was well until `since`, and has failed this often since then."""
    return fetched(
        days,
        now,
        last_succeeded_at=since - timedelta(hours=6),
        failures=tries,
        problem=problem,
        problem_since=since,
    )
