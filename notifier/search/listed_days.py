"""The days on which papers are listed and how many papers each has, and the trending papers of the newest days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from sqlalchemy import Connection

from notifier.search.ranking import ranked_between
from notifier.store import dumps, paper_lists

ONE_DAY = timedelta(days=1)
TRENDING_DAYS = 30
MOST_TRENDING = (
    2_000  # at most so many papers are ranked; papers with votes or upvotes or in ranked lists are preferred
)


@dataclass(frozen=True)
class ListedDays:
    """The number of papers that are listed on each day that has any, the oldest day first."""

    counts: Mapping[date, int]

    @cached_property
    def days(self) -> list[date]:
        """Return the days, the oldest first."""
        return list(self.counts)

    @property
    def newest(self) -> date | None:
        """Return the newest of the days; None if there is none."""
        return self.days[-1] if self.days else None

    def before(self, day: date) -> date | None:
        """Return the nearest day before this one."""
        place = bisect_left(self.days, day)
        return self.days[place - 1] if place else None

    def after(self, day: date) -> date | None:
        """Return the nearest day after this one."""
        place = bisect_right(self.days, day)
        return self.days[place] if place < len(self.days) else None


@dataclass(frozen=True, slots=True)
class Trending:
    """The ids of the papers that were trending when `dump_id` was the id of the newest dump, the best first.

    They are listed on one of the TRENDING_DAYS days up to `until`, or somebody has voted for them since the first of
    these days. A list never changes: another dump or vote makes a new list. So the places within it are stable.
    """

    dump_id: int
    until: date
    ids: tuple[int, ...]


def read_listed_days(connection: Connection, today: date) -> ListedDays:
    """Read the days up to tomorrow, because tomorrow has already begun in some time zones. `today` is in UTC."""
    return ListedDays(paper_lists.count_by_day(connection, today + ONE_DAY))


def read_trending(connection: Connection, today: date) -> Trending:
    """Read the trending papers of the newest listing days, up to the day after `today` (UTC)."""
    until = paper_lists.newest_day(connection, today + ONE_DAY) or today
    since = until - timedelta(days=TRENDING_DAYS - 1)
    ids = ranked_between(connection, since, until, MOST_TRENDING, voted_until=today + ONE_DAY)
    return Trending(dumps.newest_id(connection), until, tuple(ids))
