"""Rank correlation: how well two orders of papers agree, and how much agreement chance alone would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 1

Pairs = NDArray[np.float64]  # a row for each paper: the predicted value, and the actual one

Statistic = Callable[[Sequence[Pairs]], float]


def tau_b(pairs: Pairs) -> float:
    """Return Kendall's tau-b, which corrects for ties: 1 for equal orders, -1 for opposite ones, 0 for unrelated ones.

    It is 0 if all predicted or all actual values are equal.
    """
    predicted, actual = (np.sign(column[:, None] - column) for column in pairs.T)
    untied = np.count_nonzero(predicted) * np.count_nonzero(actual)
    return float((predicted * actual).sum() / np.sqrt(untied)) if untied else 0.0


def mean_daily_tau_b(days: Sequence[Pairs]) -> float:
    """Return the mean over all days of the tau-b of each day."""
    return float(np.mean([tau_b(day) for day in days]))


def overall_tau_b(days: Sequence[Pairs]) -> float:
    """Return the tau-b of the papers of all days together."""
    return tau_b(np.concatenate(days))


def chance_interval(days: Sequence[Pairs]) -> tuple[float, float]:
    """Return the interval that holds 95% of the mean daily tau-b values if the predictions of each day are shuffled."""
    rng = np.random.default_rng(SEED)
    return _middle_95_percent([mean_daily_tau_b([_shuffled(day, rng) for day in days]) for _ in range(RESAMPLES)])


def difference_interval(statistic: Statistic, ones: Sequence[Pairs], others: Sequence[Pairs]) -> tuple[float, float]:
    """Return the 95% bootstrap interval of the statistic of `ones` minus that of `others`.

    `ones` and `others` hold the same papers in the same order. For each resample, the papers of each day are drawn with
    replacement.
    """
    rng = np.random.default_rng(SEED)
    differences = []
    for _ in range(RESAMPLES):
        drawn = [rng.integers(len(day), size=len(day)) for day in ones]
        one, other = ([day[rows] for day, rows in zip(days, drawn, strict=True)] for days in (ones, others))
        differences.append(statistic(one) - statistic(other))
    return _middle_95_percent(differences)


def _shuffled(day: Pairs, rng: np.random.Generator) -> Pairs:
    return np.column_stack((rng.permutation(day[:, 0]), day[:, 1]))


def _middle_95_percent(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
