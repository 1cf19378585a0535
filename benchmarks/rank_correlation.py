"""How far two orders agree, and how much of that may be chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 1

Pairs = NDArray[np.float64]  # a row for each paper: what is predicted, and what came

Statistic = Callable[[Sequence[Pairs]], float]


def tau_b(pairs: Pairs) -> float:
    """Kendall's tau-b, which makes up for ties: 1 where the orders agree, 0 where one says nothing of the other."""
    predicted, came = (np.sign(column[:, None] - column) for column in pairs.T)
    differing = np.count_nonzero(predicted) * np.count_nonzero(came)
    return float((predicted * came).sum() / np.sqrt(differing)) if differing else 0.0


def within_days(days: Sequence[Pairs]) -> float:
    """The mean over days of the tau-b within each."""
    return float(np.mean([tau_b(day) for day in days]))


def over_all(days: Sequence[Pairs]) -> float:
    """The tau-b over the papers of all days together."""
    return tau_b(np.concatenate(days))


def by_chance(days: Sequence[Pairs]) -> tuple[float, float]:
    """95% of what `within_days` gives where the predictions of each day are shuffled."""
    chance = np.random.default_rng(SEED)
    return _middle([within_days([_shuffled(day, chance) for day in days]) for _ in range(RESAMPLES)])


def of_difference(statistic: Statistic, ones: Sequence[Pairs], others: Sequence[Pairs]) -> tuple[float, float]:
    """The 95% bootstrap interval of how much greater a statistic is of `ones`, the papers of each day drawn anew."""
    chance = np.random.default_rng(SEED)
    draws = []
    for _ in range(RESAMPLES):
        drawn = [chance.integers(len(day), size=len(day)) for day in ones]
        one, other = ([day[rows] for day, rows in zip(days, drawn, strict=True)] for days in (ones, others))
        draws.append(statistic(one) - statistic(other))
    return _middle(draws)


def _shuffled(day: Pairs, chance: np.random.Generator) -> Pairs:
    return np.column_stack((chance.permutation(day[:, 0]), day[:, 1]))


def _middle(draws: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(draws, (0.025, 0.975))
    return float(low), float(high)
