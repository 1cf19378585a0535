"""Order papers by trending and by the tastes of subscribers.

The functions take the scores of papers, in an array whose order is that of trending. They return the indices of this
array, that of the best paper first.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

PLACES = 10  # the larger, the less the first places count
ONE_POINT = 10**9

Integers = npt.NDArray[np.int64]


def by_taste(scores: Integers) -> Integers:
    """Return the order of papers by taste alone; of papers with equal scores, the first in trending is first."""
    return _ascending(-scores)


def by_trending_and_taste(scores: Integers) -> Integers:
    """Return the order of papers by two places: in trending, and by taste.

    A paper gets 1 / (PLACES + place) points for each of its places, counted from 1, and the most points come first
    (reciprocal rank fusion). So what is high in both orders comes first, and the first paper of either order comes
    early. If papers were sorted by the mean of the two places instead, a paper that is first in one order and last in
    the other one would come in the middle. Of papers with equal points, the first in trending is first, so papers with
    equal scores keep their order.
    """
    points = _points(len(scores))
    points_by_taste = np.empty_like(points)
    points_by_taste[by_taste(scores)] = points
    return _ascending(-(points + points_by_taste))


@lru_cache(1 << 6)
def _points(number: int) -> Integers:
    """Return the points for each of the first `number` places, as whole numbers."""
    return ONE_POINT // (PLACES + 1 + np.arange(number))


def _ascending(keys: Integers) -> Integers:
    """Return the places of the keys, from the lowest key to the highest; equal keys stay in their order.

    A key and its place are sorted as one number, which takes a third of the time of a stable `argsort`.
    """
    bits = len(keys).bit_length()
    return np.sort(keys << bits | np.arange(len(keys))) & ((1 << bits) - 1)
