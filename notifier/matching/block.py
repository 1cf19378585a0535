"""A block of papers as arrays: which words stand where, and in which papers.

All tokens of a block are one stream of word numbers, field after field. Word number 0 ends a passage, and also stands
for every word that the block does not have: no paper bears it.

A row is a set of the block's papers, one bit each: paper p is bit p % 64 of the row's number p // 64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from notifier.matching.labels import AuthorNames, positions_by_label
from notifier.matching.passages import PASSAGE_FIELDS, Matchable, fields_of
from notifier.matching.tokens import Tokens
from notifier.queries.tree import Field, Leaf
from notifier.text.words import stem

Rows = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

ROW_BITS = 64
_MOST_KEPT = 1 << 23  # bytes of rows; a block of papers of very many words makes them anew each time


class Block:
    """Papers, with the stream of their tokens."""

    def __init__(self, papers: Sequence[Matchable], tokens: Tokens) -> None:
        self.papers = tuple(papers)
        self.width = -(-len(self.papers) // ROW_BITS)  # of a row, in numbers of 64 bits
        self.words = sorted(tokens.words)
        self.word_numbers = _numbers_of(self.words)
        stems = list(map(stem, self.words))
        self.stem_numbers = _numbers_of(dict.fromkeys(stems))
        stem_of_word = np.fromiter(map(self.stem_numbers.__getitem__, stems), np.int64)
        self._rows: dict[tuple[str, Field | None], Rows] = {}

        numbers = np.fromiter(map(self.word_numbers.__getitem__, tokens.words), np.int64, len(tokens.words))
        lengths = tokens.lengths.T.ravel()  # field after field
        self.stream = numbers[tokens.places[_field_after_field(tokens.lengths)]]
        self._stems = stem_of_word[self.stream]
        self.paper_of = np.repeat(np.tile(np.arange(len(self.papers)), len(PASSAGE_FIELDS)), lengths)
        self.upvotes = np.array([-1 if paper.upvotes is None else paper.upvotes for paper in self.papers], np.int64)
        self.listed_on = np.array([paper.listed_on.toordinal() for paper in self.papers], np.int64)
        self._bounds = np.cumsum([0, *tokens.lengths.sum(axis=0)]).tolist()

    def tokens_of(self, field: Field | None) -> slice:
        """Where the tokens of a field stand in the stream; those of title and abstract stand together."""
        places = [PASSAGE_FIELDS.index(each) for each in fields_of(field)]
        return slice(self._bounds[places[0]], self._bounds[places[-1] + 1])

    def word_rows(self, field: Field | None) -> Rows:
        """By word number: the papers that have the word in this field. One row more, an empty one, is at the end."""
        return self._kept("word", field, lambda: self._bearers(self.stream, field, len(self.words)))

    def stem_rows(self, field: Field | None) -> Rows:
        """By stem number: the papers that have a word of that stem in this field."""
        return self._kept("stem", field, lambda: self._bearers(self._stems, field, len(self.stem_numbers)))

    @cached_property
    def everything(self) -> Rows:
        """The row of all papers."""
        return self.row(np.arange(len(self.papers)))

    @cached_property
    def labelled(self) -> Mapping[Leaf, list[int]]:
        """The positions of the papers that bear a label, by the leaf that asks for it."""
        return positions_by_label(self.papers)

    @cached_property
    def names(self) -> AuthorNames:
        """The papers' authors."""
        return AuthorNames(self._authors())

    def row(self, positions: Iterable[int] | Numbers) -> Rows:
        """The row of the papers at these positions."""
        found = np.fromiter(positions, np.int64)
        row: Rows = self.rows(np.zeros_like(found), found, 1)[0]
        return row

    def rows(self, numbers: Numbers, positions: Numbers, count: int) -> Rows:
        """`count` rows: each of `numbers` is a row, and beside it stands the position of a paper in it."""
        octets = np.zeros(count * self.width * 8, np.uint8)
        bits = np.left_shift(1, positions & 7).astype(np.uint8)
        np.bitwise_or.at(octets, numbers * (self.width * 8) + (positions >> 3), bits)
        return octets.view("<u8").reshape(count, self.width).astype(np.uint64, copy=False)

    def packed(self, bearing: npt.NDArray[np.bool_]) -> Rows:
        """A row for each line of `bearing`, which says of every paper whether it is in it."""
        octets = np.zeros((len(bearing), self.width * 8), np.uint8)
        found = np.packbits(bearing, axis=1, bitorder="little")
        octets[:, : found.shape[1]] = found
        return octets.view("<u8").astype(np.uint64, copy=False)

    def _kept(self, what: str, field: Field | None, make: Callable[[], Rows]) -> Rows:
        rows = self._rows.get((what, field))
        if rows is None:
            rows = make()
            if rows.nbytes <= _MOST_KEPT:
                self._rows[what, field] = rows
        return rows

    def _bearers(self, borne: Numbers, field: Field | None, count: int) -> Rows:
        """By number: the papers that bear a word or stem in the field; `borne` has a number for each token."""
        tokens = self.tokens_of(field)
        words = borne[tokens] > 0
        return self.rows(borne[tokens][words], self.paper_of[tokens][words], count + 1)

    def _authors(self) -> Iterator[tuple[int, list[str]]]:
        tokens = self.tokens_of(Field.AUTHOR)
        stream, paper_of = self.stream[tokens], self.paper_of[tokens].tolist()
        start = 0
        for end in np.flatnonzero(stream == 0).tolist():
            yield paper_of[end], [self.words[number] for number in stream[start:end]]
            start = end + 1


def _numbers_of(words: Iterable[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _field_after_field(lengths: npt.NDArray[np.integer]) -> Numbers:
    """Where the tokens of each field stand in a stream that goes paper after paper; `lengths` has a row for each."""
    starts = (np.cumsum(lengths) - lengths.ravel()).reshape(lengths.shape).T.ravel()
    of_parts = lengths.T.ravel()
    order: Numbers = np.repeat(starts - np.cumsum(of_parts) + of_parts, of_parts) + np.arange(of_parts.sum())
    return order
