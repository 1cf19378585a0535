"""The trending score of papers: a formula over their listings.

    score = standing * growth * recurrence * freshness

    standing    (1 + upvotes) / scale          if upvotes are known: scale = 2 + upvotes + usual upvotes
                1 / (1 + log2(1 + position))   if they are not: 1/2 for the first position, 1/3 for the third
    growth      1 + more / scale / 2           more = upvotes gained on the day beyond the usual gain, at least 0
    recurrence  1 + log2(times) / 2            times = number of different pairs of listing day and source:
                                               1.5 for two times, 2 for four
    freshness   2 ** -(age / 7)                age = days since the newest listing day; freshness halves every week

Several listings by one source on one day count as one time. The upvotes of a paper on a day are the highest that any of
its listings of that day gives. The gain of one source on a day is the difference between the highest and the lowest
upvotes that it gives on that day. The gain of a day is the largest gain of any source. The usual upvotes and the usual
gain are the medians over all papers of the day whose upvotes are known, so that days with many voters can be compared
with days with few. A paper with the usual upvotes has a standing of 1/2, and a paper without known upvotes never has
more. The constants 1 and 2 in `standing` and `scale` lessen the effect of small numbers of upvotes. Standing and growth
are those of the day on which their product is highest.

Another listing can lower a score in two cases: if it is the first listing that gives upvotes on its day, or if it
raises the highest upvotes of its day by more than the gain of the day. The order of papers does not depend on the day
from which ages are counted, because another day multiplies every score by the same factor. Listing days after that day
have age 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log2, prod
from statistics import median

HALF_LIFE_DAYS = 7
GROWTH_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Appearance:
    """One listing of a paper, with the values that its score depends on.

    `position` counts from 1. `upvotes` is None if the listing does not give them. `source` is the format of the dump.
    """

    listed_on: date
    position: int
    upvotes: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class DayUpvotes:
    """The highest upvotes and the gain of a day, either of one paper or as medians over all papers."""

    highest: float
    gained: float


@dataclass(frozen=True, slots=True)
class Score:
    """The four factors of a paper's score. The score is their product."""

    standing: float
    growth: float
    recurrence: float
    freshness: float

    @property
    def value(self) -> float:
        """The score; the higher, the more trending."""
        return self.standing * self.growth * self.recurrence * self.freshness


def usual_upvotes(papers: Iterable[Sequence[Appearance]]) -> dict[date, DayUpvotes]:
    """Return the usual upvotes of each day on which any are known.

    `papers` gives the appearances of every paper that is listed on these days.
    """
    by_day: dict[date, list[DayUpvotes]] = {}
    for appearances in papers:
        for day, of_day in _by_day(appearances).items():
            if upvotes := _upvotes_of_day(of_day):
                by_day.setdefault(day, []).append(upvotes)
    return {
        day: DayUpvotes(median(each.highest for each in upvotes), median(each.gained for each in upvotes))
        for day, upvotes in by_day.items()
    }


def score(appearances: Sequence[Appearance], usual: Mapping[date, DayUpvotes], on: date) -> Score:
    """Return the score that a paper with these appearances has on the day `on`.

    There must be at least one appearance. `usual` must hold every day on which one of them gives upvotes.
    """
    days = _by_day(appearances)
    standing, growth = max((_standing_and_growth(day, of_day, usual) for day, of_day in days.items()), key=prod)
    times = len({(each.listed_on, each.source) for each in appearances})
    age = max((on - max(days)).days, 0)
    return Score(standing, growth, recurrence=1 + log2(times) / 2, freshness=2 ** -(age / HALF_LIFE_DAYS))


def _standing_and_growth(
    day: date, appearances: Sequence[Appearance], usual: Mapping[date, DayUpvotes]
) -> tuple[float, float]:
    """Return the standing and the growth of a paper by its appearances on one day."""
    upvotes = _upvotes_of_day(appearances)
    if upvotes is None:
        return 1 / (1 + log2(1 + min(each.position for each in appearances))), 1
    scale = 2 + upvotes.highest + usual[day].highest
    more = max(upvotes.gained - usual[day].gained, 0)
    return (1 + upvotes.highest) / scale, 1 + GROWTH_WEIGHT * more / scale


def _upvotes_of_day(appearances: Iterable[Appearance]) -> DayUpvotes | None:
    """Return a paper's upvotes by its appearances on one day; None if none of them gives upvotes."""
    by_source: dict[str, list[int]] = {}
    for appearance in appearances:
        if appearance.upvotes is not None:
            by_source.setdefault(appearance.source, []).append(appearance.upvotes)
    if not by_source:
        return None
    gained = max(max(upvotes) - min(upvotes) for upvotes in by_source.values())
    return DayUpvotes(max(map(max, by_source.values())), gained)


def _by_day(appearances: Iterable[Appearance]) -> dict[date, list[Appearance]]:
    days: dict[date, list[Appearance]] = {}
    for appearance in appearances:
        days.setdefault(appearance.listed_on, []).append(appearance)
    return days
