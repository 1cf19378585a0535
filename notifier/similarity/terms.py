"""Count the terms of a paper: the stems of the words in its title and abstract.

A term is stored as the CRC-32 of its stem, so that no vocabulary has to be kept: the same word is the same number in
every paper and under every basis. Of about a hundred thousand words, two share a number, which makes no
measurable difference.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from notifier.text.words import stem

TITLE_WEIGHT = 2  # a word of the title counts as this many in the abstract
MOST_TERMS = 2_000  # of a paper; abstracts have about 110, and only the most frequent ones of a longer text are kept

_TERM = np.dtype([("hash", "<u4"), ("count", "u1")])
_MOST_COUNTED = 255


class TermRows(NamedTuple):
    """The terms of several papers, paper after paper: `row` has the number of the paper for each term."""

    hashes: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint8]
    row: npt.NDArray[np.int64]
    papers: int


def terms_of(title: Iterable[str], abstract: Iterable[str]) -> bytes:
    """Return the terms of a paper, packed in ascending order, given the folded words of its title and abstract.

    The empty words that separate passages are left out.
    """
    counts = Counter(map(_term, filter(None, abstract)))
    for word in filter(None, title):
        counts[_term(word)] += TITLE_WEIGHT
    kept = list(counts)
    if len(kept) > MOST_TERMS:
        kept = sorted(kept, key=lambda term: (-counts[term], term))[:MOST_TERMS]
    packed = np.empty(len(kept), _TERM)
    packed["hash"] = sorted(kept)
    packed["count"] = [min(counts[term], _MOST_COUNTED) for term in sorted(kept)]
    return packed.tobytes()


def unpack(papers: Sequence[bytes]) -> TermRows:
    """Return the terms of papers whose terms `terms_of` has packed."""
    terms = np.frombuffer(b"".join(papers), _TERM)
    lengths = np.fromiter(map(len, papers), np.int64, len(papers)) // _TERM.itemsize
    return TermRows(terms["hash"], terms["count"], np.repeat(np.arange(len(papers)), lengths), len(papers))


def hash_of(word: str) -> int:
    """Return the number of a folded word's term."""
    return _term(word)


@lru_cache(1 << 16)
def _term(word: str) -> int:
    return zlib.crc32(stem(word).encode())
