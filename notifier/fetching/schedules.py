"""Compute when a source is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifier.config import SourceConfig

EASTERN = ZoneInfo("America/New_York")
MONDAY_TO_FRIDAY = frozenset(range(5))
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True)
class FetchSchedule:
    """The times at which a source is fetched: every `interval`, or if that is None, at `times` in `zone` on `weekdays`.

    Monday is weekday 0.
    """

    interval: timedelta | None = None
    times: Sequence[time] = ()
    zone: ZoneInfo | None = None
    weekdays: frozenset[int] = EVERY_DAY

    def next_after(self, now: datetime) -> datetime:
        """Return the first instant of the schedule that is later than `now`, in UTC."""
        if self.interval is not None:
            return now.astimezone(UTC) + self.interval
        zone = self.zone or UTC
        today = now.astimezone(zone).date()
        days = [today + timedelta(days=ahead) for ahead in range(9)]  # today, the next 7 days, and one day as a margin
        instants = (
            datetime.combine(day, each, zone).astimezone(UTC)
            for day in days
            if day.weekday() in self.weekdays
            for each in self.times
        )
        return min(instant for instant in instants if instant > now)


# arXiv's feeds of the day appear at midnight in New York; the later times are for a feed that is late or incomplete.
_ARXIV = FetchSchedule(times=(time(0, 40), time(3), time(9), time(13)), zone=EASTERN, weekdays=MONDAY_TO_FRIDAY)
_DEFAULTS = {
    "huggingface": FetchSchedule(interval=timedelta(hours=4)),  # papers are added and voted for during the whole day
    "arxiv": _ARXIV,
    "biorxiv": FetchSchedule(interval=timedelta(hours=8)),
    "medrxiv": FetchSchedule(interval=timedelta(hours=8)),
    "openreview": FetchSchedule(interval=timedelta(days=1)),
    "feed": FetchSchedule(interval=timedelta(hours=4)),
    "oai": FetchSchedule(interval=timedelta(hours=12)),
    "jsonl": FetchSchedule(interval=timedelta(hours=6)),
}
_BY_URL = FetchSchedule(interval=timedelta(hours=6))
_IN_FOLDER = FetchSchedule(interval=timedelta(minutes=5))  # reading a folder puts no load on a server
_WITHOUT_WEEKENDS = ("huggingface", "arxiv", "biorxiv", "medrxiv")


def default_schedule(source: SourceConfig) -> FetchSchedule:
    """Return the schedule of a source that sets neither `every` nor `at`."""
    if not source.is_remote:
        return _IN_FOLDER
    return _DEFAULTS[source.preset] if source.preset else _BY_URL


def next_due(source: SourceConfig, now: datetime) -> datetime:
    """Return the first instant after `now` at which a source that was just fetched is due again, in UTC."""
    if source.interval is not None:
        return FetchSchedule(interval=source.interval).next_after(now)
    if source.time_of_day is not None:
        return FetchSchedule(times=(source.time_of_day,)).next_after(now)
    return default_schedule(source).next_after(now)


def is_working_day(source: SourceConfig, day: date) -> bool:
    """Return whether a source usually lists papers on a day. Where this is not known, every day is a working day."""
    return source.preset not in _WITHOUT_WEEKENDS or day.weekday() in MONDAY_TO_FRIDAY
