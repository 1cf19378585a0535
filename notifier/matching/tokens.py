"""Pack the tokens (words) of one paper into bytes, and those of many papers into an array of integers.

Ingest stores the packed tokens of each paper, so that later matches need not split its texts again. Packed tokens
are the number of tokens in each passage field, as little-endian 32-bit integers, followed by all tokens joined by
spaces. An empty token ends every passage, so that no phrase matches across two passages. If a passage has
joined words (see `text.spellings`), an empty token also stands between its words and the joined ones.
"""

from __future__ import annotations

import struct
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from notifier.matching.passages import PASSAGE_FIELDS, Matchable, passages
from notifier.queries.tree import Field
from notifier.text.spellings import search_words
from notifier.text.words import words

_LENGTHS = struct.Struct(f"<{len(PASSAGE_FIELDS)}I")


class Tokens:
    """The tokens of many papers, paper after paper.

    Each token is stored as the index of its word in `words`, the list of distinct words.
    """

    def __init__(self) -> None:
        self._index_of: defaultdict[str, int] = defaultdict(None, {"": 0})
        self._index_of.default_factory = self._index_of.__len__  # a new word gets the next index
        self._word_indexes = array("I")
        self._lengths = array("I")

    @classmethod
    def unpack(cls, tokenised: Iterable[bytes]) -> Tokens:
        """Return the tokens of many papers, given the packed tokens of each."""
        tokens = cls()
        for packed in tokenised:
            tokens._add(_LENGTHS.unpack_from(packed), packed[_LENGTHS.size :].decode().split(" "))
        return tokens

    def add(self, paper: Matchable) -> bytes:
        """Split the texts of a paper into tokens and add them; return them packed, as `tokenise` does."""
        lengths, tokens = _split(paper)
        self._add(lengths, tokens)
        return _pack(lengths, tokens)

    @property
    def words(self) -> list[str]:
        """The distinct words; the first is the empty one."""
        return list(self._index_of)

    @property
    def word_indexes(self) -> npt.NDArray[np.uint32]:
        """For each token, the index of its word in `words`."""
        return np.frombuffer(self._word_indexes, np.uint32)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of tokens in each passage field (column) of each paper (row)."""
        return np.frombuffer(self._lengths, np.uint32).astype(np.int64).reshape(-1, len(PASSAGE_FIELDS))

    def _add(self, lengths: Sequence[int], tokens: Iterable[str]) -> None:
        self._lengths.extend(lengths)
        self._word_indexes.extend(map(self._index_of.__getitem__, tokens))


def tokenise(paper: Matchable) -> bytes:
    """Split the texts of a paper into tokens by the current text rules, and return them packed."""
    return _pack(*_split(paper))


def unpack(packed: bytes) -> list[list[str]]:
    """Return the tokens of a paper in each passage field; an empty token ends each passage."""
    tokens = packed[_LENGTHS.size :].decode().split(" ")
    ends = list(accumulate(_LENGTHS.unpack_from(packed), initial=0))
    return [tokens[start:end] for start, end in pairwise(ends)]


def _pack(lengths: Sequence[int], tokens: Iterable[str]) -> bytes:
    return _LENGTHS.pack(*lengths) + " ".join(tokens).encode()


def _split(paper: Matchable) -> tuple[list[int], list[str]]:
    """Return the number of tokens in each passage field, and all tokens of the paper."""
    tokens: list[str] = []
    lengths = []
    for field in PASSAGE_FIELDS:
        before = len(tokens)
        words_of = words if field is Field.AUTHOR else search_words
        for passage in passages(paper, field):
            tokens += words_of(passage)
            tokens.append("")
        lengths.append(len(tokens) - before)
    return lengths, tokens
