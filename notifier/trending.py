"""The order of papers: a pure formula over their listings.

    score = standing * recurrence * freshness
    standing   = 1 / log2(1 + best position)      the first place counts 1, the third 1/2, the 63rd 1/6
    recurrence = 1 + log2(number of listings) / 2  listed twice counts 1.5 times, four times twice
    freshness  = 2 ** -(age / 7)                   halves with every week since the newest listing day

The discount of a position is that of discounted cumulative gain (Järvelin and Kekäläinen, 2002). The order of papers
does not depend on the day that ages are counted from: another day multiplies every score by the same factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import log2

HALF_LIFE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Appearance:
    """One listing of a paper, as far as its rank is concerned; `position` counts from 1."""

    listed_on: date
    position: int


@dataclass(frozen=True, slots=True)
class Score:
    """A paper's standing on one day, and the factors that it is the product of."""

    standing: float
    recurrence: float
    freshness: float

    @property
    def value(self) -> float:
        """Greater is more trending."""
        return self.standing * self.recurrence * self.freshness


def score(appearances: Sequence[Appearance], on: date) -> Score:
    """The score on the day `on` of a paper with these appearances, of which there is at least one."""
    age = (on - max(each.listed_on for each in appearances)).days
    return Score(
        standing=1 / log2(1 + min(each.position for each in appearances)),
        recurrence=1 + log2(len(appearances)) / 2,
        freshness=2 ** -(age / HALF_LIFE_DAYS),
    )
