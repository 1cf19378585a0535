"""A paper's tokens and stems in one compact value: worked out once, and read back for every match.

    the number of tokens of each passage field, and the bytes of the texts, as little-endian 32-bit integers
    the distinct words, and their stems (empty where a word is its own), each joined by spaces, with a line feed between
    every token as its place among the words: 16 bits, or 32 where there are that many words

The first word is empty: it stands at the end of every passage, and no phrase reaches across it.
"""

from __future__ import annotations

import struct
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from notifier.matching.passages import PASSAGE_FIELDS, passages
from notifier.models import Paper
from notifier.text import stem, words

_HEAD = struct.Struct(f"<{len(PASSAGE_FIELDS) + 1}I")
_MOST_SHORT = 1 << 16  # words that 16 bits can tell apart


class Tokenised(NamedTuple):
    """The distinct words of a paper, and for each passage field the places of its tokens among them.

    `stems` are empty where a word is its own stem.
    """

    words: list[str]
    stems: list[str]
    fields: list[npt.NDArray[np.integer]]


def tokenise(paper: Paper) -> bytes:
    """The tokens of a paper's passages, by the text rules of this version."""
    fields = [_with_ends([words(passage) for passage in passages(paper, field)]) for field in PASSAGE_FIELDS]
    place = {word: number for number, word in enumerate(dict.fromkeys(chain([""], *fields)))}
    stems = ["" if (stemmed := stem(word)) == word else stemmed for word in place]
    texts = f"{' '.join(place)}\n{' '.join(stems)}".encode()
    tokens = np.fromiter(map(place.__getitem__, chain(*fields)), dtype=_kind(len(place)))
    return _HEAD.pack(*map(len, fields), len(texts)) + texts + tokens.tobytes()


def read(tokenised: bytes) -> Tokenised:
    """What `tokenise` wrote."""
    *lengths, size = _HEAD.unpack_from(tokenised)
    end = _HEAD.size + size
    found, stems = (line.split(" ") for line in tokenised[_HEAD.size : end].decode().split("\n"))
    tokens = np.frombuffer(tokenised, dtype=_kind(len(found)), offset=end)
    fields = [tokens[stop - length : stop] for length, stop in zip(lengths, accumulate(lengths), strict=True)]
    return Tokenised(found, stems, fields)


def _with_ends(passages_of_field: list[list[str]]) -> list[str]:
    return [word for passage in passages_of_field for word in (*passage, "")]


def _kind(words_in_all: int) -> np.dtype[np.integer]:
    return np.dtype("<u2" if words_in_all <= _MOST_SHORT else "<u4")
