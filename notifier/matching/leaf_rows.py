"""Which papers of a block a leaf is true of: for all leaves of one kind at once.

A kind is what leaves have in common but for what they ask: a word in the title, a phrase of three words, and so on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

import numpy as np

from notifier.matching.block import Block, Numbers, Rows
from notifier.queries import tree
from notifier.queries.tree import Field, Leaf

_SPARSE = 16  # places in a table for each number in it, so that few others fall onto them
_LARGEST = 1 << 20  # places: a table that stays in the processor's cache


def occurrences(phrases: Numbers, stream: Numbers, words: int) -> tuple[Numbers, Numbers]:
    """Every place where a phrase begins in the stream: the phrases, by their rows in `phrases`, and the places.

    `phrases` has a row of word numbers for each phrase, and `words` is one more than the greatest; 0 is in no phrase.
    All phrases advance together, a word at a time: phrases that are alike so far share a `beginning`, and the stream
    agrees with the beginning `begun[i]` at the place `at[i]`.
    """
    rows = np.flatnonzero((phrases > 0).all(axis=1))
    if not len(rows):
        return rows, rows
    phrases = phrases[rows]
    beginnings, beginning_of = np.unique(phrases[:, 0], return_inverse=True)
    begins = np.full(words, -1)
    begins[beginnings] = np.arange(len(beginnings))
    begun = begins[stream]
    at = np.flatnonzero(begun >= 0)
    begun = begun[at]
    for step in range(1, phrases.shape[1]):
        beginnings, beginning_of = np.unique(beginning_of * words + phrases[:, step], return_inverse=True)
        inside = at + step < len(stream)
        at, begun = at[inside], begun[inside]
        agreeing, begun = _find(beginnings, begun * words + stream[at + step])
        at = at[agreeing]
        if not len(at):
            return at, at
    phrase_of = np.empty(len(beginnings), np.int64)
    phrase_of[beginning_of] = rows
    return phrase_of[begun], at


def _find(ordered: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Which of the wanted numbers are among the ordered ones, and where there.

    Few are. A table of the numbers' last bits passes over most of the others, which is quicker than to search for them.
    """
    mask = min(_LARGEST, 1 << (_SPARSE * len(ordered)).bit_length()) - 1
    likely = np.zeros(mask + 1, np.bool_)
    likely[ordered & mask] = True
    candidates = np.flatnonzero(likely[wanted & mask])
    places = np.searchsorted(ordered[:-1], wanted[candidates])  # never past the last one
    found = ordered[places] == wanted[candidates]
    return candidates[found], places[found]


_COMPARISONS = {">=": ge, ">": gt, "<=": le, "<": lt, "=": eq}
_LAST = "\U0010ffff"


class LeafKind(NamedTuple):
    """What leaves that are looked up together have in common; `length` is that of a phrase."""

    type: type[Leaf]
    field: Field | None = None
    length: int = 1

    @property
    def level(self) -> int:
        """Leaves stand over nothing."""
        return 0


def kind_of(leaf: Leaf) -> tuple[LeafKind, tuple[Any]]:
    """A leaf's kind, and what it asks for, as the one content of its row."""
    match leaf:
        case tree.Word(asked, field):
            return LeafKind(tree.Word, field), (asked,)
        case tree.Phrase(asked, field):
            return LeafKind(tree.Phrase, field, len(asked)), (asked,)
        case tree.Prefix(asked, field):
            return LeafKind(tree.Prefix, field), (asked,)
        case tree.AuthorName(asked):
            return LeafKind(tree.AuthorName), (asked,)
        case _:
            return LeafKind(type(leaf)), (leaf,)


def rows_of(block: Block, kind: LeafKind, asked: Sequence[Any]) -> Rows:
    """A row of papers for everything that is asked for, all of it of one kind."""
    return _ROWS.get(kind.type, _label_rows)(block, kind, asked)


def _word_rows(block: Block, kind: LeafKind, stems: Sequence[str]) -> Rows:
    return block.stem_rows(kind.field)[[block.stem_numbers.get(stem, 0) for stem in stems]]


def _phrase_rows(block: Block, kind: LeafKind, phrases: Sequence[tuple[str, ...]]) -> Rows:
    numbers = [block.word_numbers.get(word, 0) for phrase in phrases for word in phrase]
    tokens = block.tokens_of(kind.field)
    found, at = occurrences(np.reshape(numbers, (-1, kind.length)), block.stream[tokens], len(block.words))
    return block.rows(found, block.paper_of[tokens][at], len(phrases))


def _prefix_rows(block: Block, kind: LeafKind, starts: Sequence[str]) -> Rows:
    """Words that begin alike stand together in alphabetical order: their rows are joined run by run, in that order.

    numpy also joins what lies between two runs, which the order keeps short.
    """
    order = sorted(range(len(starts)), key=starts.__getitem__)
    edges = [bisect_left(block.words, edge) for each in order for edge in (starts[each], starts[each] + _LAST)]
    joined = np.bitwise_or.reduceat(block.word_rows(kind.field), edges)[::2]
    joined[np.equal(edges[::2], edges[1::2])] = 0  # of an empty run, numpy gives the row behind it
    rows = np.empty_like(joined)
    rows[order] = joined
    return rows


def _name_rows(block: Block, _: LeafKind, names: Sequence[tuple[str, ...]]) -> Rows:
    return _rows_at(block, map(block.names.positions, names), len(names))


def _label_rows(block: Block, _: LeafKind, labels: Sequence[Leaf]) -> Rows:
    return _rows_at(block, (block.labelled.get(leaf, ()) for leaf in labels), len(labels))


def _rows_at(block: Block, found: Iterable[Iterable[int]], count: int) -> Rows:
    """`count` rows, of the papers at the positions found for each."""
    pairs = [(number, position) for number, positions in enumerate(found) for position in positions]
    numbers, positions = np.array(pairs, np.int64).reshape(-1, 2).T
    return block.rows(numbers, positions, count)


def _upvotes_rows(block: Block, _: LeafKind, bounds: Sequence[tree.Upvotes]) -> Rows:
    known, upvotes = block.upvotes >= 0, block.upvotes
    signs = np.array([bound.sign for bound in bounds])
    numbers = np.array([bound.number for bound in bounds])[:, np.newaxis]
    rows = np.zeros((len(bounds), block.width), np.uint64)
    for sign, compare in _COMPARISONS.items():
        these = signs == sign
        rows[these] = block.packed(compare(upvotes, numbers[these]) & known)
    return rows


def _after_rows(block: Block, _: LeafKind, bounds: Sequence[tree.After]) -> Rows:
    return block.packed(block.listed_on >= _ordinals(bounds))


def _before_rows(block: Block, _: LeafKind, bounds: Sequence[tree.Before]) -> Rows:
    return block.packed(block.listed_on < _ordinals(bounds))


def _ordinals(bounds: Sequence[tree.After | tree.Before]) -> Numbers:
    return np.array([bound.day.toordinal() for bound in bounds])[:, np.newaxis]


_ROWS: dict[type[Leaf], Callable[[Block, LeafKind, Sequence[Any]], Rows]] = {
    tree.Word: _word_rows,
    tree.Phrase: _phrase_rows,
    tree.Prefix: _prefix_rows,
    tree.AuthorName: _name_rows,
    tree.Upvotes: _upvotes_rows,
    tree.After: _after_rows,
    tree.Before: _before_rows,
}
