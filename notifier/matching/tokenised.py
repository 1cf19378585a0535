"""Papers' tokens: as numbers to be matched, and each paper's own in one compact value, worked out once and kept.

    papers --cut--> tokens --packed--> a value for each paper --read--> tokens

The value of a paper, by which it needs no other's:

    the number of tokens of each passage field, and the bytes of the texts, as little-endian 32-bit integers
    the distinct words, and their stems (empty where a word is its own), each joined by spaces, with a line feed between
    every token as its place among the words: 16 bits, or 32 where there are that many words

The first word is empty: it stands at the end of every passage, and no phrase reaches across it.
"""

from __future__ import annotations

import struct
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from notifier.matching.passages import PASSAGE_FIELDS, Matchable, passages
from notifier.text import stem, words

_HEAD = struct.Struct(f"<{len(PASSAGE_FIELDS) + 1}I")
_MOST_SHORT = 1 << 16  # words that 16 bits can tell apart


class Tokens(NamedTuple):
    """The tokens of papers, one paper after the other, as places in `words`, the distinct words of all of them.

    `stems` are empty where a word is its own. `lengths` has a row for each paper: its tokens in each passage field.
    """

    words: list[str]
    stems: list[str]
    places: npt.NDArray[np.uint32]
    lengths: npt.NDArray[np.int64]


def cut(papers: Iterable[Matchable]) -> Tokens:
    """The tokens of the papers' passages, by the text rules of this version."""
    place = _places()
    places = array("I")
    lengths = []
    for paper in papers:
        tokens: list[str] = []
        for field in PASSAGE_FIELDS:
            before = len(tokens)
            for passage in passages(paper, field):
                tokens += words(passage)
                tokens.append("")
            lengths.append(len(tokens) - before)
        places.extend(map(place.__getitem__, tokens))
    stems = ["" if (stemmed := stem(word)) == word else stemmed for word in place]
    return Tokens(list(place), stems, np.frombuffer(places, np.uint32), _table(lengths))


def packed(tokens: Tokens) -> Iterator[bytes]:
    """The value of each paper."""
    place_of = np.zeros(len(tokens.words), np.uint32)  # of each word that the paper has, among those
    end = 0
    for lengths in tokens.lengths.tolist():
        start, end = end, end + sum(lengths)
        own = tokens.places[start:end]
        distinct = list(dict.fromkeys([0, *own.tolist()]))
        place_of[distinct] = np.arange(len(distinct))
        lines = (" ".join(map(known.__getitem__, distinct)) for known in (tokens.words, tokens.stems))
        texts = "\n".join(lines).encode()
        yield _HEAD.pack(*lengths, len(texts)) + texts + place_of[own].astype(_kind(len(distinct))).tobytes()


def tokenise(paper: Matchable) -> bytes:
    """The value of one paper."""
    return next(packed(cut([paper])))


def read(values: Iterable[bytes]) -> Tokens:
    """The tokens of the papers whose values these are."""
    own_words, own_stems, places, lengths = [], [], [], []
    before = 0  # words of the papers so far
    for value in values:
        *of_fields, size = _HEAD.unpack_from(value)
        end = _HEAD.size + size
        line, stems = value[_HEAD.size : end].split(b"\n")
        count = line.count(b" ") + 1
        own_words.append(line)
        own_stems.append(stems)
        places.append(np.frombuffer(value, _kind(count), offset=end) + np.uint32(before))
        lengths += of_fields
        before += count
    return _joined(_split(own_words), _split(own_stems), np.concatenate(places), _table(lengths))


def _joined(
    own_words: Sequence[str], own_stems: Sequence[str], places: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64]
) -> Tokens:
    """Tokens whose words are those of the first paper, then those of the second, as tokens of the distinct words."""
    place = _places()
    place_of = np.fromiter(map(place.__getitem__, own_words), np.uint32, len(own_words))
    met = np.zeros(len(place), np.int64)
    met[place_of] = np.arange(len(own_words))
    return Tokens(list(place), [own_stems[each] for each in met.tolist()], place_of[places], lengths)


def _places() -> defaultdict[str, int]:
    """A place for each word that is asked for, in the order in which they are first; that of the empty one is 0."""
    place: defaultdict[str, int] = defaultdict(None, {"": 0})
    place.default_factory = place.__len__
    return place


def _split(lines: Iterable[bytes]) -> list[str]:
    return b" ".join(lines).decode().split(" ")


def _table(lengths: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.array(lengths, np.int64).reshape(-1, len(PASSAGE_FIELDS))


def _kind(words_in_all: int) -> np.dtype[np.integer]:
    return np.dtype("<u2" if words_in_all <= _MOST_SHORT else "<u4")
