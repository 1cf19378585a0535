"""The plot of papers a week: every paper is in the bar of its week, whatever the days are."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.web.weekly_plot import HEIGHT, WEEKS, first_day, monday_of, weekly_plot

MONDAY = date(2026, 7, 6)


@given(
    until=st.dates(date(1992, 1, 1), date(2100, 1, 1)),
    age=st.integers(0, 2000),
    counts=st.dictionaries(st.integers(0, 181), st.integers(1, 10**6), max_size=40),
)
def test_each_paper_is_in_the_bar_of_its_week(until: date, age: int, counts: dict[int, int]) -> None:
    since = first_day(until - timedelta(days=age), until)
    per_day = {until - timedelta(days=back): papers for back, papers in counts.items()}
    per_day = {day: papers for day, papers in per_day.items() if day >= since}
    plot = weekly_plot(per_day, since, until)
    if plot is None:
        assert not per_day or since == monday_of(until)
        return
    assert 1 < len(plot.bars) <= WEEKS
    for bar in plot.bars:
        assert bar.papers == sum(papers for day, papers in per_day.items() if monday_of(day) == bar.monday)
        assert bar.y + bar.height == HEIGHT
        assert (bar.height > 0) == (bar.papers > 0)
        assert 0 <= bar.x <= plot.width - plot.bar_width
    assert max(bar.height for bar in plot.bars) == HEIGHT
    assert plot.highest.height == HEIGHT


def test_the_last_week_is_whole_on_a_sunday_only() -> None:
    for days in range(7):
        plot = weekly_plot({MONDAY: 1}, MONDAY - timedelta(weeks=1), MONDAY + timedelta(days=days))
        assert plot is not None
        assert plot.is_last_week_whole == (days == 6)


def test_one_week_alone_makes_no_plot() -> None:
    assert weekly_plot({MONDAY: 5}, MONDAY, MONDAY + timedelta(days=6)) is None
    assert weekly_plot({}, MONDAY - timedelta(weeks=5), MONDAY) is None
