"""The usual number of papers of a day, known from the days before it.

A source has its own week: the usual number of a Monday is the median of the last Mondays. The median ignores a holiday
or a day of trouble among them. `docs/operating.md` gives the figures by which the limits below were chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from notifier.models import DayCount, SourceHistory

WEEKS = 8  # of the past that count; so a source that has changed for good has a new usual number after five weeks
LEAST_WORKING_DAYS = 5  # with fewer days of past, there is no usual number
LEAST_SAME_WEEKDAYS = 3  # with fewer, the usual number is also that of all working days

# A day has far fewer papers than usual below a share of the usual number. The share depends on how much the source
# varies: 1 - SPREADS times the median distance of its days from the usual, and always within these two.
SPREADS = 4
LOWEST_SHARE, HIGHEST_SHARE = 0.2, 0.6
CHANCE = 2  # standard deviations of a count by chance alone (Poisson), so that 1 of 3 papers is nothing
UNLIKELY = 0.003  # the probability of a run of empty days from which on it is no chance

ONE_DAY = timedelta(days=1)

Counts = Mapping[date, int]  # consecutive days, in order; a day without papers is 0


def counts_before(days: Mapping[date, DayCount], end: date) -> dict[date, int]:
    """Return the number of papers of each day of the WEEKS before `end`, from the first of them with papers."""
    start = end - timedelta(weeks=WEEKS)
    first = min((day for day, count in days.items() if start <= day < end and count.papers), default=end)
    past = [first + timedelta(days=number) for number in range((end - first).days)]
    return {day: days[day].papers if day in days else 0 for day in past}


def past_of(history: SourceHistory, end: date) -> dict[date, int]:
    """Return `counts_before` of the last day before `end` with papers, and of that day.

    A silence at the end is left out, because it is what the past is compared with.
    """
    last = max((day for day, count in history.days.items() if count.papers and day < end), default=end)
    return counts_before(history.days, last + ONE_DAY)


def usual_number(past: Counts, day: date) -> float | None:
    """Return the usual number of papers on such a day of the week; None if too little of the past is known."""
    typical, same = _typical(past, day), _same_weekdays(past, day)
    if typical is None or len(same) >= LEAST_SAME_WEEKDAYS:
        return typical
    lenient = min(typical, max(same, default=0))
    return max(lenient, min(same)) if is_known_well(past, day) else lenient


def _typical(past: Counts, day: date) -> float | None:
    """Return the median of the days of the same name or, while there are few of them, of all working days."""
    working = [papers for each, papers in past.items() if each.weekday() < 5]
    if len(working) < LEAST_WORKING_DAYS:
        return None
    same = _same_weekdays(past, day)
    return median(same if len(same) >= LEAST_SAME_WEEKDAYS else working)


def _same_weekdays(past: Counts, day: date) -> list[int]:
    return [papers for each, papers in past.items() if each.weekday() == day.weekday()]


def is_known_well(past: Counts, day: date) -> bool:
    """Return whether the past has at least two such days of the week, so that one was not a day of trouble alone."""
    return len(_same_weekdays(past, day)) > 1


def is_expected(past: Counts, day: date) -> bool:
    """Return whether such a day of the week usually has papers."""
    return (usual_number(past, day) or 0) >= 1


def rounded(usual: float | None) -> int | None:
    """Return a usual number as it is shown; halves are rounded up."""
    return None if usual is None else int(usual + 0.5)


def is_far_fewer(past: Counts, day: date, papers: int) -> bool:
    """Return whether so few papers on a day are far fewer than usual, by how much the source itself varies."""
    usual = usual_number(past, day) or 0
    return papers <= usual * _share(past) and usual - papers > CHANCE * math.sqrt(usual)


def longest_chance(past: Counts) -> int:
    """Return the number of expected days from which on a run without papers is no chance, at least 2.

    One empty day is a holiday. More are believed of a source that is often empty on days that usually have papers.
    """
    expected = [papers for day, papers in past.items() if is_expected(past, day)]
    empty = sum(1 for papers in expected if not papers)
    return max(2, math.ceil(math.log(UNLIKELY) / math.log(empty / len(expected)))) if empty else 2


def longest_gap(past: Counts) -> int:
    """Return the longest time between two days with papers, in days; 0 if fewer than two had any."""
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
