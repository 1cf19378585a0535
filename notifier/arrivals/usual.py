"""Compute the usual number of papers of a day from the days before it.

The usual number of a Monday is the median of the last Mondays. A holiday or an outage on one of them hardly changes the
median. `docs/maintaining.md` gives the figures by which the limits below were chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from notifier.models import DayCount, SourceHistory

WEEKS = 8  # older days are ignored. Five weeks after a permanent change, the median is a new number
LEAST_WORKING_DAYS = 5  # with fewer of them in the past, there is no usual number
LEAST_SAME_WEEKDAYS = 3  # with fewer, the usual number depends on all working days

# A day has far fewer papers than usual if it has less than a share of the usual number. The share depends on how much
# the source varies: it is 1 - (SPREADS * spread), but not below LOWEST_SHARE or above HIGHEST_SHARE. The spread
# is the median of the distances of its days from the usual number, each as a share of that number.
SPREADS = 4
LOWEST_SHARE, HIGHEST_SHARE = 0.2, 0.6
# The difference must also exceed this number of standard deviations of a Poisson count: 1 paper in place of 3 may be
# chance.
CHANCE = 2
UNLIKELY = 0.003  # a run of empty days with at most this probability is more than chance

ONE_DAY = timedelta(days=1)

Counts = Mapping[date, int]  # days in order, without the unknown ones; a day without papers is 0


def counts_before(days: Mapping[date, DayCount], end: date) -> dict[date, int]:
    """Return the number of papers of each day in the WEEKS before `end`.

    Days before the first paper are left out, and so are days whose number is unknown, for example because the source
    was broken.
    """
    start = end - timedelta(weeks=WEEKS)
    first = min((day for day, count in days.items() if start <= day < end and count.papers), default=end)
    past = [first + timedelta(days=number) for number in range((end - first).days)]
    return {day: days[day].papers if day in days else 0 for day in past if day not in days or not days[day].is_unknown}


def past_of(history: SourceHistory, end: date) -> dict[date, int]:
    """Return the counts of the WEEKS that end with the last day before `end` that had papers.

    Later days without papers are left out, because these are the days that are judged by the past.
    """
    last = max((day for day, count in history.days.items() if count.papers and day < end), default=end)
    return counts_before(history.days, last + ONE_DAY)


def usual_number(past: Counts, day: date) -> float | None:
    """Return the usual number of papers on the weekday of `day`; None if too little of the past is known.

    While the past has few days of this weekday, the result is the median of all working days, but at most the largest
    count on this weekday (0 if there is none). If `is_known_well`, it is also at least the smallest count on it.
    """
    typical, same = _typical(past, day), _same_weekdays(past, day)
    if typical is None or len(same) >= LEAST_SAME_WEEKDAYS:
        return typical
    lenient = min(typical, max(same, default=0))
    return max(lenient, min(same)) if is_known_well(past, day) else lenient


def _typical(past: Counts, day: date) -> float | None:
    """Return the median of the days of this weekday or, while there are few of them, of all working days."""
    working = [papers for each, papers in past.items() if each.weekday() < 5]
    if len(working) < LEAST_WORKING_DAYS:
        return None
    same = _same_weekdays(past, day)
    return median(same if len(same) >= LEAST_SAME_WEEKDAYS else working)


def _same_weekdays(past: Counts, day: date) -> list[int]:
    return [papers for each, papers in past.items() if each.weekday() == day.weekday()]


def is_known_well(past: Counts, day: date) -> bool:
    """Return whether the past has at least two days of this weekday. A single one may have been an exception."""
    return len(_same_weekdays(past, day)) > 1


def is_expected(past: Counts, day: date) -> bool:
    """Return whether the weekday of `day` usually has papers."""
    return (usual_number(past, day) or 0) >= 1


def seems_short(history: SourceHistory, day: date, papers: int) -> bool:
    """Return whether a day may have more papers than the number that came, judged by the days before it.

    While few days of the same weekday are known, the result is true for every empty working day.
    """
    past = past_of(history, day)
    if papers:
        return is_far_fewer(past, day, papers)
    same = _same_weekdays(past, day)
    return median(same) >= 1 if len(same) >= LEAST_SAME_WEEKDAYS else day.weekday() < 5 or any(same)


def rounded(usual: float | None) -> int | None:
    """Return a usual number as it is shown; halves are rounded up."""
    return None if usual is None else int(usual + 0.5)


def is_far_fewer(past: Counts, day: date, papers: int) -> bool:
    """Return whether a day has far fewer papers than usual. The limit depends on how much the source varies."""
    usual = usual_number(past, day) or 0
    return papers <= usual * _share(past) and usual - papers > CHANCE * math.sqrt(usual)


def least_empty_days(past: Counts) -> int:
    """Return how many expected days in a row must be without papers to be more than chance; at least 2.

    A single empty day may be a holiday. The number is larger for a source that is often empty on days that usually have
    papers.
    """
    expected = [papers for day, papers in past.items() if is_expected(past, day)]
    empty = sum(1 for papers in expected if not papers)
    return max(2, math.ceil(math.log(UNLIKELY) / math.log(empty / len(expected)))) if empty else 2


def longest_gap(past: Counts) -> int:
    """Return the longest time from one day with papers to the next, in days; 0 if fewer than two days had papers."""
    with_papers = [day for day, papers in past.items() if papers]
    return max(((later - earlier).days for earlier, later in pairwise(with_papers)), default=0)


def _share(past: Counts) -> float:
    """Return the share of the usual number below which a day of this source has far fewer papers."""
    distances = []
    for day, papers in past.items():
        typical = _typical(past, day)
        if papers and typical and is_expected(past, day):
            distances.append(abs(papers / typical - 1))
    spread = median(distances) if distances else 1.0
    return max(LOWEST_SHARE, min(HIGHEST_SHARE, 1 - SPREADS * spread))
