"""Share places among sections, which take turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import zip_longest
from typing import TypeVar

T = TypeVar("T")


@lru_cache(1 << 10)
def shared_out(sizes: tuple[int, ...], limit: int) -> tuple[int, ...]:
    """Return how many of `limit` places each section gets: the sections take turns, each until it needs no more."""
    in_turn = [place for turn in range(max(sizes, default=0)) for place, size in enumerate(sizes) if size > turn]
    places = Counter(in_turn[:limit])
    return tuple([places[place] for place in range(len(sizes))])


def in_turns(many: Iterable[Iterable[T]]) -> Iterator[T]:
    """Yield the first value of each, then the second value of each, and so on."""
    for turn in zip_longest(*many, fillvalue=None):
        yield from (each for each in turn if each is not None)
