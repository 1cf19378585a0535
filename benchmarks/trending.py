"""Part `trending`: whether trending papers have the most upvotes of a week, and the most at the end of a day.

It needs real captures of the daily papers API in the folder that NOTIFIER_REAL_DATA names: one late capture of each day
in `hf_daily`, and several captures each of a few days in `hf_same_day`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from benchmarks.best_of_week import print_weeks
from benchmarks.daily_papers import Capture, captures_by_day
from benchmarks.rank_correlation import (
    Pairs,
    Statistic,
    chance_interval,
    difference_interval,
    mean_daily_tau_b,
    overall_tau_b,
)
from notifier.models import DAILY_PAPERS
from notifier.papers.trending import Appearance, Score, score, usual_upvotes

DAY = date(2000, 1, 1)  # an arbitrary date, because each day is ranked separately

Seen = Sequence[Capture]  # the captures of one day that a ranking may use
Day = tuple[Seen, Capture]  # the captures that a ranking may use, and the last capture of the day
Order = Callable[[Seen, str], float]  # the value of a paper by which papers are ordered, the greatest first


def run() -> None:
    """Print how well each order predicts the final upvotes."""
    folder = os.environ.get("NOTIFIER_REAL_DATA")
    if not folder:
        print("trending: skipped; set NOTIFIER_REAL_DATA to a folder with hf_daily and hf_same_day to run it")
        return
    late = [captures[-1] for captures in captures_by_day(Path(folder) / "hf_daily").values()]
    several = [captures for captures in captures_by_day(Path(folder) / "hf_same_day").values() if len(captures) > 2]
    print_weeks(Path(folder) / "hf_daily")
    _print_order_of_lists(late)
    _print(
        "hf_daily, a capture and the upvotes in it", ORDERS_WITHOUT_UPVOTES, [([capture], capture) for capture in late]
    )
    for count in (1, 2):
        days = [(captures[:count], captures[-1]) for captures in several]
        _print(f"hf_same_day, {count} of the captures and the upvotes of the last", ALL_ORDERS, days)


def _print_order_of_lists(late: Sequence[Capture]) -> None:
    """Print how far the lists themselves are ordered by upvotes already."""
    neighbours = [pair for capture in late for pair in pairwise(capture.values())]
    falling = sum(before.upvotes >= after.upvotes for before, after in neighbours)
    twice = sum(map(len, late)) - len(set(chain.from_iterable(late)))
    print(f"trending: hf_daily, {len(late)} days; {twice} papers are listed on more than one of them")
    print(
        f"  in {falling} of {len(neighbours)} pairs of neighbours, the second paper has no more upvotes than the first"
    )


def _score(seen: Seen, key: str) -> Score:
    """Return the score that a paper would have if these captures had been ingested."""
    papers = {paper for capture in seen for paper in capture}
    return score(_appearances(seen, key), usual_upvotes(_appearances(seen, paper) for paper in papers), DAY)


def _appearances(seen: Seen, key: str) -> list[Appearance]:
    return [
        Appearance(DAY, capture[key].position, capture[key].upvotes, DAILY_PAPERS) for capture in seen if key in capture
    ]


def _upvotes(seen: Seen, key: str) -> float:
    return max(capture[key].upvotes for capture in seen if key in capture)


def _gained(seen: Seen, key: str) -> float:
    return _upvotes(seen, key) - min(capture[key].upvotes for capture in seen if key in capture)


PLAIN = "plain upvotes"
ORDERS_WITHOUT_UPVOTES: Mapping[str, Order] = {
    "place in the list": lambda seen, key: -seen[-1][key].position,
    "comments": lambda seen, key: seen[-1][key].comments,
    "arXiv id, the newest first": lambda _, key: float(key),
}
ALL_ORDERS: Mapping[str, Order] = {
    PLAIN: _upvotes,
    "score": lambda seen, key: _score(seen, key).value,
    "score without growth": lambda seen, key: _score(seen, key).standing,
    "upvotes gained": _gained,
    **ORDERS_WITHOUT_UPVOTES,
}


def _print(title: str, orders: Mapping[str, Order], days: Sequence[Day]) -> None:
    """Print the tau-b of each order, its interval if papers are shuffled, and the difference from plain upvotes."""
    pairs = {name: [_pairs(order, *day) for day in days] for name, order in orders.items()}
    plain = pairs.get(PLAIN)
    papers = sum(map(len, next(iter(pairs.values()))))
    print(f"trending: {title}: {len(days)} days, {papers} papers; Kendall's tau-b, 95%")
    for name, by_day in pairs.items():
        comparison = (
            f"(chance {_interval(*chance_interval(by_day))}{_difference_from(plain, mean_daily_tau_b, by_day)})"
        )
        print(f"  {name:<28}{mean_daily_tau_b(by_day):>6.3f} within days {comparison}")
        print(f"  {'':<28}{overall_tau_b(by_day):>6.3f} over all days{_difference_from(plain, overall_tau_b, by_day)}")
    print(json.dumps({title: {name: round(mean_daily_tau_b(by_day), 3) for name, by_day in pairs.items()}}))


def _difference_from(plain: Sequence[Pairs] | None, statistic: Statistic, days: Sequence[Pairs]) -> str:
    """Describe how the statistic of an order differs from that of plain upvotes.

    The text is empty for plain upvotes themselves, and if they are not among the orders.
    """
    if plain is None or days is plain:
        return ""
    difference = statistic(days) - statistic(plain)
    return f"; {difference:+.3f} from plain upvotes, {_interval(*difference_interval(statistic, days, plain))}"


def _pairs(order: Order, seen: Seen, last: Capture) -> Pairs:
    """Return, for each paper, its value in the order and its final upvotes.

    The papers are those that are both in the newest capture of `seen` and in `last`.
    """
    return np.array([(order(seen, key), last[key].upvotes) for key in seen[-1] if key in last])


def _interval(low: float, high: float) -> str:
    return f"{low:+.3f} to {high:+.3f}"
