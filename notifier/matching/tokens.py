"""Papers' tokens: each paper's in one compact value, worked out once and kept, and those of many as numbers.

The value of a paper is the number of tokens in each passage field, as little-endian 32-bit integers, and then all of
the tokens, joined by spaces. An empty one stands at the end of every passage, so that no phrase reaches across it.
"""

from __future__ import annotations

import struct
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from notifier.matching.passages import PASSAGE_FIELDS, Matchable, passages
from notifier.text.words import words

_HEAD = struct.Struct(f"<{len(PASSAGE_FIELDS)}I")


class Tokens:
    """The tokens of papers, one paper after the other, as places among the distinct words of all of them."""

    def __init__(self) -> None:
        self._place: defaultdict[str, int] = defaultdict(None, {"": 0})
        self._place.default_factory = self._place.__len__  # a word that is new takes the next place
        self._places = array("I")
        self._lengths = array("I")

    @classmethod
    def read(cls, values: Iterable[bytes]) -> Tokens:
        """Those of the papers whose values these are."""
        tokens = cls()
        for value in values:
            tokens._add(_HEAD.unpack_from(value), value[_HEAD.size :].decode().split(" "))
        return tokens

    def take(self, paper: Matchable) -> bytes:
        """Add a paper's, cut by the text rules of this version; returns its value."""
        lengths, cut = _cut(paper)
        self._add(lengths, cut)
        return _value(lengths, cut)

    @property
    def words(self) -> list[str]:
        """The distinct words, of which the empty one is the first."""
        return list(self._place)

    @property
    def places(self) -> npt.NDArray[np.uint32]:
        """For every token, the place of its word."""
        return np.frombuffer(self._places, np.uint32)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """A row for each paper: its tokens in each passage field."""
        return np.frombuffer(self._lengths, np.uint32).astype(np.int64).reshape(-1, len(PASSAGE_FIELDS))

    def _add(self, lengths: Sequence[int], tokens: Iterable[str]) -> None:
        self._lengths.extend(lengths)
        self._places.extend(map(self._place.__getitem__, tokens))


def tokenise(paper: Matchable) -> bytes:
    """The value of one paper."""
    return _value(*_cut(paper))


def _value(lengths: Sequence[int], tokens: Iterable[str]) -> bytes:
    return _HEAD.pack(*lengths) + " ".join(tokens).encode()


def _cut(paper: Matchable) -> tuple[list[int], list[str]]:
    tokens: list[str] = []
    lengths = []
    for field in PASSAGE_FIELDS:
        before = len(tokens)
        for passage in passages(paper, field):
            tokens += words(passage)
            tokens.append("")
        lengths.append(len(tokens) - before)
    return lengths, tokens
