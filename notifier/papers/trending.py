"""The order of papers: a pure formula over their listings.

    score = standing * growth * recurrence * freshness

    standing    (1 + upvotes) / scale          by the upvotes of a day, scale = 2 + upvotes + usual upvotes
                1 / (1 + log2(1 + position))   where none are known: the first place counts 1/2, the third 1/3
    growth      1 + more / scale / 2           more: what was gained between captures beyond what is usual, if anything
    recurrence  1 + log2(times) / 2            on two days, or by two sources, counts 1.5 times; on four twice
    freshness   2 ** -(age / 7)                halves with every week since the newest listing day

Captures are listings by one source on one day. They are one time; their highest upvotes count, and what was gained
between them is these less the lowest. Usual is the median over all papers of the day, so that days with many readers
and days with few compare, and captures that are hours and minutes apart. Usual upvotes stand at 1/2, and a place alone
never higher; the 1 and the 2 damp what a handful of upvotes can say. A paper stands by its best day.

Another listing never lowers a paper, but for the first that tells its upvotes of a day. The order of papers does not
depend on the day that ages are counted from: another day multiplies every score by the same factor, and listing days
after it count as today.
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
    """One listing of a paper, as far as its rank is concerned.

    `position` counts from 1, `upvotes` from 0, None where the listing does not say; `source` is the kind of list.
    """

    listed_on: date
    position: int
    upvotes: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Votes:
    """The highest upvotes on one day, and how many were gained between captures: a paper's own, or what is usual."""

    highest: float
    gained: float


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


def usual_votes(papers: Iterable[Sequence[Appearance]]) -> dict[date, Votes]:
    """What is usual on each day that tells upvotes, by the appearances of all papers listed on it."""
    days: dict[date, list[Votes]] = {}
    for appearances in papers:
        for day, each in _by_day(appearances).items():
            if votes := _votes(each):
                days.setdefault(day, []).append(votes)
    return {
        day: Votes(median(each.highest for each in votes), median(each.gained for each in votes))
        for day, votes in days.items()
    }


def score(appearances: Sequence[Appearance], usual: Mapping[date, Votes], on: date) -> Score:
    """The score on the day `on` of a paper with these appearances, of which there is at least one.

    `usual` holds the usual votes of all days of theirs that tell any.
    """
    days = _by_day(appearances)
    standing, growth = max((_on_day(day, each, usual) for day, each in days.items()), key=prod)
    times = len({(each.listed_on, each.source) for each in appearances})
    age = max((on - max(days)).days, 0)
    return Score(standing, growth, recurrence=1 + log2(times) / 2, freshness=2 ** -(age / HALF_LIFE_DAYS))


def _on_day(day: date, appearances: Sequence[Appearance], usual: Mapping[date, Votes]) -> tuple[float, float]:
    """Standing and growth by the listings of one day."""
    votes = _votes(appearances)
    if votes is None:
        return 1 / (1 + log2(1 + min(each.position for each in appearances))), 1
    scale = 2 + votes.highest + usual[day].highest
    more = max(votes.gained - usual[day].gained, 0)
    return (1 + votes.highest) / scale, 1 + GROWTH_WEIGHT * more / scale


def _votes(appearances: Iterable[Appearance]) -> Votes | None:
    """A paper's votes by its listings of one day; None where they tell none."""
    captures: dict[str, list[int]] = {}
    for each in appearances:
        if each.upvotes is not None:
            captures.setdefault(each.source, []).append(each.upvotes)
    if not captures:
        return None
    gained = max(max(upvotes) - min(upvotes) for upvotes in captures.values())
    return Votes(max(map(max, captures.values())), gained)


def _by_day(appearances: Iterable[Appearance]) -> dict[date, list[Appearance]]:
    days: dict[date, list[Appearance]] = {}
    for each in appearances:
        days.setdefault(each.listed_on, []).append(each)
    return days
