"""Make the values of a small plot: papers a week, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WEEKS = 26  # half a year
WIDTH, HEIGHT, GAP = 20, 72, 4  # a bar with its gap, the plot's height, the gap between bars; in units of the view box

ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Bar:
    """A week, from `monday`, with its number of papers, and its bar: `x`, `y` and `height` in units of the view box."""

    monday: date
    papers: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class WeeklyPlot:
    """The bars, the oldest week first, and the highest of them. The last week ends with the day `until`."""

    bars: Sequence[Bar]
    highest: Bar
    until: date

    @property
    def width(self) -> int:
        """The width of the view box."""
        return len(self.bars) * WIDTH - GAP

    @property
    def bar_width(self) -> int:
        """The width of a bar, without the gap to the next one."""
        return WIDTH - GAP

    @property
    def plot_height(self) -> int:
        """The height of the view box."""
        return HEIGHT

    @property
    def is_last_week_whole(self) -> bool:
        """Whether the last week has all of its days."""
        return self.until.weekday() == 6


def first_day(oldest: date, until: date) -> date:
    """Return the first day that a plot up to the day `until` shows, if the oldest paper is of the day `oldest`."""
    return max(monday_of(oldest), monday_of(until) - (WEEKS - 1) * ONE_WEEK)


def weekly_plot(per_day: Mapping[date, int], since: date, until: date) -> WeeklyPlot | None:
    """Return the plot of the days from `since`, a Monday, to `until`; None if it would have one bar, or no paper."""
    weeks = (until - since).days // 7 + 1
    counts = [0] * weeks
    for day, papers in per_day.items():
        counts[(day - since).days // 7] += papers
    most = max(counts)
    if weeks == 1 or not most:
        return None
    bars = [_bar(since + place * ONE_WEEK, papers, place, most) for place, papers in enumerate(counts)]
    return WeeklyPlot(bars, max(bars, key=lambda bar: bar.papers), until)


def monday_of(day: date) -> date:
    """Return the Monday of the week of a day."""
    return day - timedelta(days=day.weekday())


def bar_height(number: int, most: int) -> int:
    """Return the height of the bar for a number, if that of `most` is HEIGHT; any bar is high enough to be seen."""
    return max(round(HEIGHT * number / most), 2 if number else 0)


def _bar(monday: date, papers: int, place: int, most: int) -> Bar:
    """Return the bar of a week."""
    height = bar_height(papers, most)
    return Bar(monday, papers, place * WIDTH, HEIGHT - height, height)
