"""Part `trending`: whether the order of papers agrees with the upvotes that they come to have.

It needs real captures of the daily papers API: NOTIFIER_REAL_DATA names a folder with `hf_daily`, one late capture of
each day, and `hf_same_day`, several captures of a few days.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from benchmarks.daily_papers import Capture, captures_by_day
from benchmarks.rank_correlation import Pairs, Statistic, by_chance, of_difference, over_all, within_days
from notifier.papers.trending import Appearance, Score, score, usual_upvotes

DAY = date(2000, 1, 1)  # any will do: each day is ranked by itself

Seen = Sequence[Capture]
Day = tuple[Seen, Capture]  # what is seen of a day, and its last capture
Order = Callable[[Seen, str], float]  # what papers are ordered by, the greatest first


def run() -> None:
    """Print what each order is worth."""
    folder = os.environ.get("NOTIFIER_REAL_DATA")
    if not folder:
        print("trending: left out; NOTIFIER_REAL_DATA names no folder with hf_daily and hf_same_day")
        return
    late = [captures[-1] for captures in captures_by_day(Path(folder) / "hf_daily").values()]
    several = [captures for captures in captures_by_day(Path(folder) / "hf_same_day").values() if len(captures) > 2]
    _print_how_ordered(late)
    _print("hf_daily, a capture and its own upvotes", WITHOUT_UPVOTES, [([each], each) for each in late])
    for seen in (1, 2):
        days = [(captures[:seen], captures[-1]) for captures in several]
        _print(f"hf_same_day, {seen} of the captures and the upvotes of the last", ALL, days)


def _print_how_ordered(late: Sequence[Capture]) -> None:
    neighbours = [pair for capture in late for pair in pairwise(capture.values())]
    falling = sum(before.upvotes >= after.upvotes for before, after in neighbours)
    twice = sum(map(len, late)) - len(set(chain.from_iterable(late)))
    print(f"trending: hf_daily, {len(late)} days; {twice} papers are listed on more than one of them")
    print(
        f"  {falling} of {len(neighbours)} papers have no more upvotes than the one before: lists in that order already"
    )


def _score(seen: Seen, key: str) -> Score:
    """As if each capture had been ingested."""
    papers = {each for capture in seen for each in capture}
    return score(_listed(seen, key), usual_upvotes(_listed(seen, each) for each in papers), DAY)


def _listed(seen: Seen, key: str) -> list[Appearance]:
    return [Appearance(DAY, capture[key].position, capture[key].upvotes) for capture in seen if key in capture]


def _upvotes(seen: Seen, key: str) -> float:
    return max(capture[key].upvotes for capture in seen if key in capture)


def _gained(seen: Seen, key: str) -> float:
    return _upvotes(seen, key) - min(capture[key].upvotes for capture in seen if key in capture)


PLAIN = "plain upvotes"
WITHOUT_UPVOTES: Mapping[str, Order] = {
    "place in the list": lambda seen, key: -seen[-1][key].position,
    "comments": lambda seen, key: seen[-1][key].comments,
    "arXiv id, the newest first": lambda _, key: float(key),
}
ALL: Mapping[str, Order] = {
    PLAIN: _upvotes,
    "score": lambda seen, key: _score(seen, key).value,
    "score without growth": lambda seen, key: _score(seen, key).standing,
    "upvotes gained": _gained,
    **WITHOUT_UPVOTES,
}


def _print(title: str, orders: Mapping[str, Order], days: Sequence[Day]) -> None:
    """Each order's tau-b within days and over all, beside chance, and beside plain upvotes where these are an order."""
    found = {name: [_pairs(order, *day) for day in days] for name, order in orders.items()}
    plain = found.get(PLAIN)
    papers = sum(map(len, next(iter(found.values()))))
    print(f"trending: {title}: {len(days)} days, {papers} papers; Kendall's tau-b, 95%")
    for name, each in found.items():
        beside = f"(chance {_shown(*by_chance(each))}{_beside(within_days, each, plain)})"
        print(f"  {name:<28}{within_days(each):>6.3f} within days {beside}")
        print(f"  {'':<28}{over_all(each):>6.3f} over all days{_beside(over_all, each, plain)}")
    print(json.dumps({title: {name: round(within_days(each), 3) for name, each in found.items()}}))


def _beside(statistic: Statistic, days: Sequence[Pairs], plain: Sequence[Pairs] | None) -> str:
    if plain is None or days is plain:
        return ""
    less = statistic(days) - statistic(plain)
    return f"; than plain upvotes {less:+.3f}, {_shown(*of_difference(statistic, days, plain))}"


def _pairs(order: Order, seen: Seen, last: Capture) -> Pairs:
    """For each paper of the newest capture seen, what the order goes by and the upvotes that it came to have."""
    return np.array([(order(seen, key), last[key].upvotes) for key in seen[-1] if key in last])


def _shown(low: float, high: float) -> str:
    return f"{low:+.3f} to {high:+.3f}"
