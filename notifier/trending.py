"""The order of papers: a pure formula over their listings.

    score = standing * growth * recurrence * freshness

    standing    (1 + upvotes) / (2 + upvotes + usual)   by the upvotes of a day: as many as are usual count 1/2
                1 / (1 + log2(1 + position))            where none are known: the first place counts 1/2, the third 1/3
    growth      1 + gained / (2 + upvotes + usual) / 2  upvotes gained between captures of a list count half more
    recurrence  1 + log2(times) / 2                     on two days, or by two sources, counts 1.5 times; on four twice
    freshness   2 ** -(age / 7)                         halves with every week since the newest listing day

A day's usual upvotes are the median over its papers, so that days with many readers and days with few compare; the 1
and the 2 damp what a handful of upvotes can say. A place alone never counts more than usual upvotes do. A paper stands
by its best day. Captures are listings by one source on one day: they are one time, and what was gained between them
is the highest of their upvotes less the lowest.

Another listing never lowers a paper, but for the first that tells its upvotes of a day. The order of papers does not
depend on the day that ages are counted from: another day multiplies every score by the same factor, and listing days
after it count as today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log2, prod
from statistics import median

HALF_LIFE_DAYS = 7
GAINED_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Appearance:
    """One listing of a paper, as far as its rank is concerned.

    `position` counts from 1, `upvotes` from 0, None where the listing does not say; `source` is the kind of list.
    """

    listed_on: date
    position: int
    upvotes: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A paper's score on one day, as the factors that it is the product of."""

    standing: float
    growth: float
    recurrence: float
    freshness: float

    @property
    def value(self) -> float:
        """Greater is more trending."""
        return self.standing * self.growth * self.recurrence * self.freshness


def usual_upvotes(upvotes: Mapping[date, Sequence[int]]) -> dict[date, float]:
    """For each listing day the median of its papers' upvotes, of which each day has some."""
    return {day: median(each) for day, each in upvotes.items()}


def score(appearances: Sequence[Appearance], usual: Mapping[date, float], on: date) -> Score:
    """The score on the day `on` of a paper with these appearances, of which there is at least one.

    `usual` holds the usual upvotes of all days of theirs that tell any.
    """
    days: dict[date, list[Appearance]] = {}
    for each in appearances:
        days.setdefault(each.listed_on, []).append(each)
    standing, growth = max((_on_day(each, usual) for each in days.values()), key=prod)
    times = len({(each.listed_on, each.source) for each in appearances})
    age = max((on - max(days)).days, 0)
    return Score(standing, growth, recurrence=1 + log2(times) / 2, freshness=2 ** -(age / HALF_LIFE_DAYS))


def _on_day(appearances: Sequence[Appearance], usual: Mapping[date, float]) -> tuple[float, float]:
    """Standing and growth by the listings of one day."""
    upvotes: dict[str, list[int]] = {}
    for each in appearances:
        if each.upvotes is not None:
            upvotes.setdefault(each.source, []).append(each.upvotes)
    if not upvotes:
        return 1 / (1 + log2(1 + min(each.position for each in appearances))), 1
    highest = max(map(max, upvotes.values()))
    gained = max(max(captures) - min(captures) for captures in upvotes.values())
    scale = 2 + highest + usual[appearances[0].listed_on]
    return (1 + highest) / scale, 1 + GAINED_WEIGHT * gained / scale
