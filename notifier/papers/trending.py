"""Compute the trending score of papers: a formula over the votes of this service's subscribers and over listings.

    score = votes + standing * growth * recurrence * freshness

    votes       5 * the sum of 2 ** -(age / 7) over the votes for the paper; age = days since the day of the vote
    standing    (2 + upvotes) / (2 + usual)   if upvotes are known: usual = the usual upvotes of the day
                2 / (1 + log2(1 + position))  if they are not, but the paper is in a ranked list; this is 1 for
                                              position 1, and 2/3 for position 3
                0                             if the paper has neither
    growth      1 + more / scale / 2          more = upvotes gained on the day beyond the usual gain, at least 0;
                                              scale = 2 + upvotes + usual
    recurrence  1 + log2(times) / 2           times = number of different pairs of day and ranked list, at least 1;
                                              so two times give 1.5, and four times give 2
    freshness   2 ** -(age / 7)               age = days since the newest listing day; freshness halves every week

A listing counts if it gives upvotes, or if it is in a ranked list. A ranked list is a dump in one of RANKED_FORMATS:
somebody chose its papers and put them in order. The papers of other dumps, such as those of arXiv, are announced and
not chosen, so neither their order nor the number of announcements says anything about a paper. If no listing of a paper
counts, its standing is 0 and the age is that of its newest listing.

Several listings by one format on one day count as one time. The upvotes of a paper on a day are the highest that any of
its listings of that day gives. The gain of one format on a day is the difference between the highest and the lowest
upvotes that it gives on that day. The gain of a day is the largest gain of any format.

The usual upvotes of a day are the median of all upvotes of the seven days that end with it. If this median is below
the first or above the third quartile of the day's own upvotes, that quartile is used. So two days of one week mostly
have similar usual upvotes, unless many more people voted on one of them. The usual gain is the median of the day. A
paper with the usual upvotes has a standing of 1, and a paper without known upvotes never has more. The constant 2
lessens the effect of small numbers of upvotes. Standing and growth are those of the day on which their product is
highest.

A vote is worth five papers with the usual upvotes. On the daily papers of two months, three votes of one day put an
otherwise usual paper first among all papers of the last 30 days, and one vote puts it third. Each further vote raises a
score, and a vote that was taken back counts nothing. Without votes, a score is that of the listings alone.

Without votes, a score is proportional to upvotes, so only freshness can put a paper with fewer upvotes before one with
more: after a week, half the upvotes are enough. With the same usual values, more upvotes never lower a score. Another
listing can lower a score in three cases: if it is the first listing that gives upvotes on its day, if it raises the
highest upvotes of its day by more than the gain of the day, or if it raises the usual values of the paper's days. The
order of papers does not depend on the day from which ages are counted, because another day multiplies every score by
the same factor. Listing days and votes after that day have age 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum, log2, prod
from statistics import median, quantiles
from types import MappingProxyType

from notifier.models import RANKED_FORMATS

Votes = Mapping[date, int]  # the number of votes for a paper on each day that has any

NO_VOTES: Votes = MappingProxyType({})
VOTE_WEIGHT = 5  # the score of a vote on its day; a paper with the usual upvotes has a standing of 1
HALF_LIFE_DAYS = 7
GROWTH_WEIGHT = 0.5
USUAL_DAYS = 7
SMOOTHING = 2  # upvotes; added to those of the paper and to the usual ones before they are compared


@dataclass(frozen=True, slots=True)
class Appearance:
    """One listing of a paper, with the values that its score depends on.

    `position` counts from 1. `upvotes` is None if the listing does not give them. `dump_format` is that of the dump.
    """

    listed_on: date
    position: int
    upvotes: int | None = None
    dump_format: str = ""

    @property
    def is_ranked(self) -> bool:
        """Return whether the paper was chosen for a list whose order is a rank."""
        return self.dump_format in RANKED_FORMATS

    @property
    def counts(self) -> bool:
        """Whether the score depends on this listing."""
        return self.upvotes is not None or self.is_ranked


@dataclass(frozen=True, slots=True)
class DayUpvotes:
    """The highest upvotes and the gain of a day: those of one paper, or the usual ones."""

    highest: float
    gained: float


@dataclass(frozen=True, slots=True)
class Score:
    """The parts of a paper's score: one for its votes, and the four factors of the one for its listings."""

    standing: float
    growth: float
    recurrence: float
    freshness: float
    votes: float = 0

    @property
    def value(self) -> float:
        """Return the score; the higher, the more trending."""
        return self.votes + self.standing * self.growth * self.recurrence * self.freshness


def days_for_usual(day: date) -> list[date]:
    """Return the days whose listings the usual upvotes of a day depend on, the newest first."""
    ordinals = range(day.toordinal(), max(day.toordinal() - USUAL_DAYS, 0), -1)
    return [date.fromordinal(each) for each in ordinals]


def usual_upvotes(papers: Iterable[Sequence[Appearance]]) -> dict[date, DayUpvotes]:
    """Return the usual upvotes of each day on which any are known.

    `papers` gives the appearances of every paper that is listed on one of these days, or on one of the days that
    `days_for_usual` returns for them.
    """
    by_day: dict[date, list[DayUpvotes]] = {}
    for appearances in papers:
        for day, of_day in _by_day(appearances).items():
            if upvotes := _upvotes_of_day(of_day):
                by_day.setdefault(day, []).append(upvotes)
    highest = {day: [each.highest for each in upvotes] for day, upvotes in by_day.items()}
    return {
        day: DayUpvotes(_usual_of_day(day, highest), median(each.gained for each in upvotes))
        for day, upvotes in by_day.items()
    }


def score(
    appearances: Sequence[Appearance], usual: Mapping[date, DayUpvotes], on: date, votes: Votes = NO_VOTES
) -> Score:
    """Return the score that a paper with these appearances and votes has on the day `on`.

    There must be at least one appearance. `usual` must hold every day on which one of them gives upvotes.
    """
    counting = [each for each in appearances if each.counts]
    days = _by_day(counting or appearances)
    standing, growth = max((_standing_and_growth(day, of_day, usual) for day, of_day in days.items()), key=prod)
    times = len({(each.listed_on, each.dump_format) for each in appearances if each.is_ranked})
    return Score(
        standing,
        growth,
        recurrence=1 + log2(max(times, 1)) / 2,
        freshness=_freshness(max(days), on),
        votes=VOTE_WEIGHT * fsum(number * _freshness(day, on) for day, number in votes.items()),
    )


def _freshness(day: date, on: date) -> float:
    age = max((on - day).days, 0)
    return 2 ** -(age / HALF_LIFE_DAYS)


def _standing_and_growth(
    day: date, appearances: Sequence[Appearance], usual: Mapping[date, DayUpvotes]
) -> tuple[float, float]:
    """Return the standing and the growth of a paper by its appearances on one day."""
    upvotes = _upvotes_of_day(appearances)
    if upvotes is None:
        position = best_position(appearances)
        return (0 if position is None else 2 / (1 + log2(1 + position))), 1
    usual_highest = usual[day].highest
    more = max(upvotes.gained - usual[day].gained, 0)
    growth = 1 + GROWTH_WEIGHT * more / (SMOOTHING + upvotes.highest + usual_highest)
    return (SMOOTHING + upvotes.highest) / (SMOOTHING + usual_highest), growth


def best_position(appearances: Iterable[Appearance]) -> int | None:
    """Return the best position of a paper in a ranked list; None if it is in none."""
    return min((each.position for each in appearances if each.is_ranked), default=None)


def _usual_of_day(day: date, highest: Mapping[date, Sequence[float]]) -> float:
    """Return the usual upvotes of a day, given the highest upvotes of each paper by day."""
    of_day = highest[day]
    first, _, third = quantiles(of_day, n=4, method="inclusive") if len(of_day) > 1 else [*of_day] * 3
    of_week = median(upvotes for each in days_for_usual(day) for upvotes in highest.get(each, ()))
    return min(max(of_week, first), third)


def _upvotes_of_day(appearances: Iterable[Appearance]) -> DayUpvotes | None:
    """Return a paper's upvotes by its appearances on one day; None if none of them gives upvotes."""
    by_format: dict[str, list[int]] = {}
    for appearance in appearances:
        if appearance.upvotes is not None:
            by_format.setdefault(appearance.dump_format, []).append(appearance.upvotes)
    if not by_format:
        return None
    gained = max(max(upvotes) - min(upvotes) for upvotes in by_format.values())
    return DayUpvotes(max(map(max, by_format.values())), gained)


def _by_day(appearances: Iterable[Appearance]) -> dict[date, list[Appearance]]:
    days: dict[date, list[Appearance]] = {}
    for appearance in appearances:
        days.setdefault(appearance.listed_on, []).append(appearance)
    return days
