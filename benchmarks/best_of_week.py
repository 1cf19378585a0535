"""The order of trending papers against the upvotes of a week, on real answers of the daily papers API.

The answers of a week are ingested as they are. Then the ten trending papers on the last of its days are compared with
the ten papers that have the most upvotes in these answers.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean

from sqlalchemy import Engine

from benchmarks.daily_papers import read
from notifier.papers.trending import HALF_LIFE_DAYS, Score
from notifier.pipeline import ingest
from notifier.search import RankedPaper, trending_papers
from notifier.store import open_store

TEN = 10
EVERY = 100_000
FEWEST_DAYS = 3  # a week with answers for fewer days is left out
HALF_LIVES = (5, HALF_LIFE_DAYS, 10, 14)

Files = Mapping[date, Path]  # the answer of each day


@dataclass(frozen=True, slots=True)
class Shares:
    """The listing days of the ten trending papers of a day, as means over several days.

    `this_day` is how many of the ten are listed on the day itself, `before` how many on one of the four days before it,
    and `older` how many earlier. `without` is the share of days on which none of the ten is listed on the day itself.
    """

    this_day: float
    before: float
    older: float
    without: float


def print_weeks(folder: Path) -> None:
    """Print how many papers the two lists of each week share, and when the trending papers were listed."""
    weeks = weeks_of(folder)
    print(
        f"trending: hf_daily, {len(weeks)} weeks: how many of the ten trending papers on the last day are among the ten"
    )
    print("  with the most upvotes of the week")
    print("  by week: " + ", ".join(str(shared(week)) for week in weeks))
    groups: dict[str, list[Files]] = {
        "all weeks": weeks,
        "odd weeks": [week for week in weeks if max(week).isocalendar().week % 2],
        "even weeks": [week for week in weeks if max(week).isocalendar().week % 2 == 0],
        "two weeks": [{**one, **other} for one, other in pairwise(weeks)],
    }
    figures = {name: _print_group(name, group) for name, group in groups.items()}
    print("trending: hf_daily: the ten trending papers of each day, with all days before it stored, by half-life")
    _print_shares({day: file for week in weeks for day, file in week.items()})
    print(json.dumps({"shared with the most upvoted of the week": figures}))


def _print_group(name: str, group: Sequence[Files]) -> dict[int, float]:
    """Print and return the mean of `shared` over these answers, by half-life."""
    counts = [shared_by_half_life(files) for files in group]
    means = {each: round(mean(by_half_life[each] for by_half_life in counts), 2) for each in HALF_LIVES}
    least = {each: min(by_half_life[each] for by_half_life in counts) for each in HALF_LIVES}
    shown = ", ".join(f"{each} days {means[each]:.2f} (least {least[each]})" for each in HALF_LIVES)
    print(f"  {name:<11} by half-life: {shown}")
    return means


def _print_shares(files: Files) -> None:
    for half_life, shares in shares_by_half_life(files).items():
        print(
            f"  {half_life:>2} days: {shares.this_day:.1f} of the day, {shares.before:.1f} of the four days before,"
            f" {shares.older:.1f} older; on {shares.without:.0%} of the days, none is of the day"
        )


def weeks_of(folder: Path) -> list[Files]:
    """Return the answers of each ISO week of which there are at least FEWEST_DAYS days."""
    weeks: dict[tuple[int, int], dict[date, Path]] = defaultdict(dict)
    for file in sorted(folder.glob("*.json")):
        day = date.fromisoformat(file.name[:10])
        weeks[day.isocalendar()[:2]][day] = file
    return [week for week in weeks.values() if len(week) >= FEWEST_DAYS]


def shared(files: Files) -> int:
    """Return how many of the ten trending papers on the last day are among the ten with the most upvotes."""
    return shared_by_half_life(files)[HALF_LIFE_DAYS]


def shared_by_half_life(files: Files) -> dict[int, int]:
    """Return what `shared` returns, for each of several half-lives of a score."""
    most = _most_upvoted(files)
    with _ingested(files) as engine:
        ranked = trending_papers(engine, max(files), EVERY)
    return {each: len(most.intersection(paper.paper.key for paper in _best(ranked, each))) for each in HALF_LIVES}


def shares_by_half_life(files: Files) -> dict[int, Shares]:
    """Return on which days the ten trending papers of a day are listed, for several half-lives.

    The means are over all days from the sixth on.
    """
    with _ingested(files) as engine:
        days = sorted(files)[5:]
        by_day = {day: trending_papers(engine, day, EVERY) for day in days}
    return {half_life: _shares(by_day, half_life) for half_life in HALF_LIVES}


def _shares(by_day: Mapping[date, Sequence[RankedPaper]], half_life: int) -> Shares:
    ages = [[(day - each.paper.listed_on).days for each in _best(ranked, half_life)] for day, ranked in by_day.items()]
    return Shares(
        mean(sum(age == 0 for age in of_day) for of_day in ages),
        mean(sum(1 <= age <= 4 for age in of_day) for of_day in ages),
        mean(sum(age > 4 for age in of_day) for of_day in ages),
        mean(0 not in of_day for of_day in ages),
    )


def _best(ranked: Sequence[RankedPaper], half_life: int) -> list[RankedPaper]:
    """Return the ten best papers if scores halved after `half_life` days."""
    return sorted(ranked, key=lambda each: -_value(each.score, half_life))[:TEN]


def _value(score: Score, half_life: int) -> float:
    freshness: float = score.freshness ** (HALF_LIFE_DAYS / half_life)
    return score.standing * score.growth * score.recurrence * freshness


def _most_upvoted(files: Files) -> set[str]:
    upvotes: dict[str, int] = {}
    for file in files.values():
        for key, entry in read(file).items():
            upvotes[key] = max(entry.upvotes, upvotes.get(key, 0))
    return set(sorted(upvotes, key=lambda key: -upvotes[key])[:TEN])


@contextmanager
def _ingested(files: Files) -> Iterator[Engine]:
    """Give a new store with these answers, each ingested on the day after its own."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{folder}/notifier.db")
        try:
            for day, file in sorted(files.items()):
                ingest(engine, file, None, datetime.combine(day + timedelta(days=1), time(), UTC))
            yield engine
        finally:
            engine.dispose()
