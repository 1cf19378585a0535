"""Make the values of a small plot: mails an hour, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.web.weekly_plot import GAP, HEIGHT, WIDTH, bar_height


@dataclass(frozen=True, slots=True)
class HourBar:
    """An hour, with its number of mails, and its bar in units of the view box."""

    hour: datetime
    mails: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class HourlyPlot:
    """The bars, the oldest hour first, and the highest of them. The last hour is not over."""

    bars: Sequence[HourBar]
    highest: HourBar
    total: int
    width: int
    bar_width: int = WIDTH - GAP
    plot_height: int = HEIGHT


def hourly_plot(mails: Sequence[tuple[datetime, int]]) -> HourlyPlot | None:
    """Return the plot of these hours; None if there was no mail in any of them."""
    most = max(count for _, count in mails)
    if not most:
        return None
    bars = []
    for place, (hour, count) in enumerate(mails):
        height = bar_height(count, most)
        bars.append(HourBar(hour, count, place * WIDTH, HEIGHT - height, height))
    highest = max(bars, key=lambda bar: bar.mails)
    return HourlyPlot(bars, highest, sum(bar.mails for bar in bars), len(bars) * WIDTH - GAP)
