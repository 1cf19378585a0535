"""Store a block of papers as arrays: the words of their texts in order, and the set of papers that have each word.

All tokens of a block are one stream of word numbers: the titles of all papers, then all abstracts, and so on. Word
number 0 is the empty word, which ends every passage. A wanted word gets this number too if no paper has it.

A set of papers is a bitmap of 64-bit integers: the paper at position p of the block is bit p % 64 of integer p // 64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from notifier.matching.labels import AuthorNameIndex, positions_by_label
from notifier.matching.passages import PASSAGE_FIELDS, Matchable, fields_of
from notifier.matching.tokens import Tokens
from notifier.queries.tree import Field, Leaf
from notifier.text.words import stem

Bitmaps = npt.NDArray[np.uint64]  # one bitmap in each row
Numbers = npt.NDArray[np.int64]

_BITS = 64  # of each integer in a bitmap
_MAX_CACHED_BYTES = 1 << 23  # a larger table of bitmaps is not cached, but built for each use


class Block:
    """Some papers, with the stream of their tokens and the tables in which leaves are looked up.

    `paper_of` has the paper's position for each token of the stream. `upvotes` is -1 if unknown, and `listed_on` is the
    ordinal of the day. `bitmap_length` is the number of integers in a bitmap.
    """

    def __init__(self, papers: Sequence[Matchable], tokens: Tokens) -> None:
        self.papers = tuple(papers)
        self.bitmap_length = -(-len(self.papers) // _BITS)
        self.words = sorted(tokens.words)
        self.word_numbers = _numbered(self.words)
        stems = list(map(stem, self.words))
        self.stem_numbers = _numbered(dict.fromkeys(stems))
        stem_of_word = np.fromiter(map(self.stem_numbers.__getitem__, stems), np.int64)
        self._cache: dict[tuple[str, Field | None], Bitmaps] = {}

        numbers = np.fromiter(map(self.word_numbers.__getitem__, tokens.words), np.int64, len(tokens.words))
        lengths = tokens.lengths.T.ravel()  # field by field, as the stream
        self.stream = numbers[tokens.word_indexes[_field_by_field(tokens.lengths)]]
        self._stems = stem_of_word[self.stream]
        self.paper_of = np.repeat(np.tile(np.arange(len(self.papers)), len(PASSAGE_FIELDS)), lengths)
        self.upvotes = np.array([-1 if paper.upvotes is None else paper.upvotes for paper in self.papers], np.int64)
        self.votes = np.array([paper.votes for paper in self.papers], np.int64)
        self.listed_on = np.array([paper.listed_on.toordinal() for paper in self.papers], np.int64)
        self._field_bounds = np.cumsum([0, *tokens.lengths.sum(axis=0)]).tolist()

    def token_slice(self, field: Field | None) -> slice:
        """Return the part of the stream that holds the tokens of a field, or of title and abstract if it is None."""
        places = [PASSAGE_FIELDS.index(each) for each in fields_of(field)]
        return slice(self._field_bounds[places[0]], self._field_bounds[places[-1] + 1])

    def word_bitmaps(self, field: Field | None) -> Bitmaps:
        """Return, for each word number, the papers that have the word in this field, and an empty bitmap at the end."""
        return self._cached("word", field, lambda: self._bitmaps_by_number(self.stream, field, len(self.words)))

    def stem_bitmaps(self, field: Field | None) -> Bitmaps:
        """Return, for each stem number, the papers that have a word with this stem in this field."""
        return self._cached("stem", field, lambda: self._bitmaps_by_number(self._stems, field, len(self.stem_numbers)))

    @cached_property
    def all_papers(self) -> Bitmaps:
        """The bitmap of all papers of the block."""
        return self.bitmap(np.arange(len(self.papers)))

    @cached_property
    def label_positions(self) -> Mapping[Leaf, list[int]]:
        """The positions of the papers that a category, topic or source leaf is true of, by leaf."""
        return positions_by_label(self.papers)

    @cached_property
    def positions_by_id(self) -> Mapping[int, int]:
        """The position of each stored paper by its id."""
        return {paper.id: position for position, paper in enumerate(self.papers) if paper.id is not None}

    @cached_property
    def author_names(self) -> AuthorNameIndex:
        """The names of the papers' authors."""
        return AuthorNameIndex(self._authors())

    def bitmap(self, positions: Iterable[int] | Numbers) -> Bitmaps:
        """Return the bitmap of the papers at these positions."""
        found = np.fromiter(positions, np.int64)
        bitmap: Bitmaps = self.bitmaps(np.zeros_like(found), found, 1)[0]
        return bitmap

    def bitmaps(self, numbers: Numbers, positions: Numbers, count: int) -> Bitmaps:
        """Return `count` bitmaps: bitmap `numbers[i]` contains the paper at `positions[i]`, for every i."""
        octets = np.zeros(count * self.bitmap_length * 8, np.uint8)
        bits = np.left_shift(1, positions & 7).astype(np.uint8)
        np.bitwise_or.at(octets, numbers * (self.bitmap_length * 8) + (positions >> 3), bits)
        return octets.view("<u8").reshape(count, self.bitmap_length).astype(np.uint64, copy=False)

    def packed_bitmaps(self, is_member: npt.NDArray[np.bool_]) -> Bitmaps:
        """Return a bitmap for each row of `is_member`, in which each column is a paper of the block."""
        octets = np.zeros((len(is_member), self.bitmap_length * 8), np.uint8)
        packed = np.packbits(is_member, axis=1, bitorder="little")
        octets[:, : packed.shape[1]] = packed
        return octets.view("<u8").astype(np.uint64, copy=False)

    def _cached(self, kind: str, field: Field | None, make: Callable[[], Bitmaps]) -> Bitmaps:
        bitmaps = self._cache.get((kind, field))
        if bitmaps is None:
            bitmaps = make()
            if bitmaps.nbytes <= _MAX_CACHED_BYTES:
                self._cache[kind, field] = bitmaps
        return bitmaps

    def _bitmaps_by_number(self, token_numbers: Numbers, field: Field | None, count: int) -> Bitmaps:
        """Return, for each word or stem number, the papers that have it in the field.

        `token_numbers` has the word or stem number of each token of the stream.
        """
        tokens = self.token_slice(field)
        is_word = token_numbers[tokens] > 0
        return self.bitmaps(token_numbers[tokens][is_word], self.paper_of[tokens][is_word], count + 1)

    def _authors(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the position of the paper and the words of the name, for each author of each paper."""
        tokens = self.token_slice(Field.AUTHOR)
        stream, paper_of = self.stream[tokens], self.paper_of[tokens].tolist()
        start = 0
        for end in np.flatnonzero(stream == 0).tolist():
            yield paper_of[end], [self.words[number] for number in stream[start:end]]
            start = end + 1


def _numbered(words: Iterable[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _field_by_field(lengths: npt.NDArray[np.integer]) -> Numbers:
    """Return the order that turns tokens sorted by paper and then field into tokens sorted by field and then paper.

    `lengths` has the number of tokens in each field (column) of each paper (row).
    """
    starts = (np.cumsum(lengths) - lengths.ravel()).reshape(lengths.shape).T.ravel()
    sizes = lengths.T.ravel()
    order: Numbers = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
    return order
