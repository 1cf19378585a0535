"""Find the papers of a block that match each leaf, for all leaves of one kind at once. The results are bitmaps.

Leaves are of one kind if they differ only in the wanted value: for example all words in the title, or all phrases of
three words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

import numpy as np

from notifier.matching.block import Bitmaps, Block, Numbers
from notifier.queries import tree
from notifier.queries.tree import Field, Leaf

# The size of the filter in `_find`. With more entries, fewer numbers pass the filter by chance. With too many entries,
# the filter does not stay in the processor's cache.
_ENTRIES_PER_NUMBER = 16
_MAX_ENTRIES = 1 << 20


def occurrences(phrases: Numbers, stream: Numbers, word_count: int) -> tuple[Numbers, Numbers]:
    """Return every place where a phrase begins in the stream.

    `phrases` has one phrase of word numbers in each row; every word number is less than `word_count`. A phrase with
    the word number 0 occurs nowhere. The result is two arrays of equal length: the row of a phrase, and the index in
    the stream where it begins.

    All phrases are searched together, one word after the other. The words of a phrase up to the current one are its
    prefix, and phrases with equal prefixes share a prefix number. After each step, `at` has the indexes in the stream
    where any prefix begins, and `prefix_at` the numbers of these prefixes.
    """
    rows = np.flatnonzero((phrases > 0).all(axis=1))
    if not len(rows):
        return rows, rows
    phrases = phrases[rows]
    prefixes, prefix_of = np.unique(phrases[:, 0], return_inverse=True)
    prefix_of_word = np.full(word_count, -1)
    prefix_of_word[prefixes] = np.arange(len(prefixes))
    prefix_at = prefix_of_word[stream]
    at = np.flatnonzero(prefix_at >= 0)
    prefix_at = prefix_at[at]
    for step in range(1, phrases.shape[1]):
        prefixes, prefix_of = np.unique(prefix_of * word_count + phrases[:, step], return_inverse=True)
        inside = at + step < len(stream)
        at, prefix_at = at[inside], prefix_at[inside]
        continued, prefix_at = _find(prefixes, prefix_at * word_count + stream[at + step])
        at = at[continued]
        if not len(at):
            return at, at
    phrase_of = np.empty(len(prefixes), np.int64)
    phrase_of[prefix_of] = rows
    return phrase_of[prefix_at], at


def _find(ordered: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Return the indexes in `wanted` of the numbers that `ordered` contains, and their indexes in `ordered`.

    Few of the wanted numbers occur in `ordered`. A filter by the last bits of a number excludes most of the others,
    which is faster than a binary search for each of them.
    """
    mask = min(_MAX_ENTRIES, 1 << (_ENTRIES_PER_NUMBER * len(ordered)).bit_length()) - 1
    is_likely = np.zeros(mask + 1, np.bool_)
    is_likely[ordered & mask] = True
    candidates = np.flatnonzero(is_likely[wanted & mask])
    places = np.searchsorted(ordered[:-1], wanted[candidates])  # [:-1] keeps every place in range
    found = ordered[places] == wanted[candidates]
    return candidates[found], places[found]


_COMPARISONS = {">=": ge, ">": gt, "<=": le, "<": lt, "=": eq}
_LAST_CHARACTER = "\U0010ffff"


class LeafKind(NamedTuple):
    """The type and field of leaves that are looked up together; `length` is the number of words in a phrase."""

    type: type[Leaf]
    field: Field | None = None
    length: int = 1

    @property
    def level(self) -> int:
        """The level of leaves in the graph of a query set: below all operators."""
        return 0


def kind_of(leaf: Leaf) -> tuple[LeafKind, tuple[Any]]:
    """Return the kind of a leaf, and a tuple with the wanted value: the content of the leaf's row in a ShapeTable."""
    match leaf:
        case tree.Word(stem, field):
            return LeafKind(tree.Word, field), (stem,)
        case tree.Phrase(words, field):
            return LeafKind(tree.Phrase, field, len(words)), (words,)
        case tree.Prefix(start, field):
            return LeafKind(tree.Prefix, field), (start,)
        case tree.AuthorName(words):
            return LeafKind(tree.AuthorName), (words,)
        case _:
            return LeafKind(type(leaf)), (leaf,)


def bitmaps_of(block: Block, kind: LeafKind, wanted: Sequence[Any]) -> Bitmaps:
    """Return a bitmap of papers for each wanted value of leaves of one kind."""
    return _LOOK_UPS.get(kind.type, _label_bitmaps)(block, kind, wanted)


def _word_bitmaps(block: Block, kind: LeafKind, stems: Sequence[str]) -> Bitmaps:
    return block.stem_bitmaps(kind.field)[[block.stem_numbers.get(stem, 0) for stem in stems]]


def _phrase_bitmaps(block: Block, kind: LeafKind, phrases: Sequence[tuple[str, ...]]) -> Bitmaps:
    numbers = [block.word_numbers.get(word, 0) for phrase in phrases for word in phrase]
    tokens = block.token_slice(kind.field)
    found, at = occurrences(np.reshape(numbers, (-1, kind.length)), block.stream[tokens], len(block.words))
    return block.bitmaps(found, block.paper_of[tokens][at], len(phrases))


def _prefix_bitmaps(block: Block, kind: LeafKind, starts: Sequence[str]) -> Bitmaps:
    """Return, for each prefix, the papers that have a word that begins with it.

    The words of a block are sorted, so those that begin with one prefix are a range. `reduceat` joins the bitmaps of
    each range. It also joins the bitmaps between two ranges, which are not needed. The prefixes are sorted, so that
    the bitmaps between the ranges are few.
    """
    order = sorted(range(len(starts)), key=starts.__getitem__)
    edges = [bisect_left(block.words, edge) for n in order for edge in (starts[n], starts[n] + _LAST_CHARACTER)]
    joined = np.bitwise_or.reduceat(block.word_bitmaps(kind.field), edges)[::2]
    joined[np.equal(edges[::2], edges[1::2])] = 0  # for an empty range, reduceat returns the bitmap at its edge
    bitmaps = np.empty_like(joined)
    bitmaps[order] = joined
    return bitmaps


def _name_bitmaps(block: Block, _: LeafKind, names: Sequence[tuple[str, ...]]) -> Bitmaps:
    return _bitmaps_at(block, map(block.author_names.positions, names), len(names))


def _label_bitmaps(block: Block, _: LeafKind, labels: Sequence[Leaf]) -> Bitmaps:
    return _bitmaps_at(block, (block.label_positions.get(leaf, ()) for leaf in labels), len(labels))


def _bitmaps_at(block: Block, found: Iterable[Iterable[int]], count: int) -> Bitmaps:
    """Return `count` bitmaps. Each marks the papers at the positions that `found` has for it."""
    pairs = [(number, position) for number, positions in enumerate(found) for position in positions]
    numbers, positions = np.array(pairs, np.int64).reshape(-1, 2).T
    return block.bitmaps(numbers, positions, count)


def _like_bitmaps(block: Block, _: LeafKind, leaves: Sequence[tree.Like]) -> Bitmaps:
    positions = block.positions_by_id
    return _bitmaps_at(
        block, ([positions[each] for each in leaf.near if each in positions] for leaf in leaves), len(leaves)
    )


def _upvotes_bitmaps(block: Block, _: LeafKind, bounds: Sequence[tree.Upvotes]) -> Bitmaps:
    bitmaps: Bitmaps = _bound_bitmaps(block, block.upvotes, bounds) & block.packed_bitmaps(
        block.upvotes[np.newaxis] >= 0
    )
    return bitmaps


def _votes_bitmaps(block: Block, _: LeafKind, bounds: Sequence[tree.Votes]) -> Bitmaps:
    return _bound_bitmaps(block, block.votes, bounds)


def _bound_bitmaps(block: Block, counts: Numbers, bounds: Sequence[tree.Upvotes | tree.Votes]) -> Bitmaps:
    """Return, for each bound, the papers whose count fulfils it; `counts` has the count of each paper of the block."""
    signs = np.array([bound.sign for bound in bounds])
    numbers = np.array([bound.number for bound in bounds])[:, np.newaxis]
    bitmaps = np.zeros((len(bounds), block.bitmap_length), np.uint64)
    for sign, compare in _COMPARISONS.items():
        has_sign = signs == sign
        bitmaps[has_sign] = block.packed_bitmaps(compare(counts, numbers[has_sign]))
    return bitmaps


def _after_bitmaps(block: Block, _: LeafKind, bounds: Sequence[tree.After]) -> Bitmaps:
    return block.packed_bitmaps(block.listed_on >= _ordinals(bounds))


def _before_bitmaps(block: Block, _: LeafKind, bounds: Sequence[tree.Before]) -> Bitmaps:
    return block.packed_bitmaps(block.listed_on < _ordinals(bounds))


def _ordinals(bounds: Sequence[tree.After | tree.Before]) -> Numbers:
    return np.array([bound.day.toordinal() for bound in bounds])[:, np.newaxis]


_LOOK_UPS: dict[type[Leaf], Callable[[Block, LeafKind, Sequence[Any]], Bitmaps]] = {
    tree.Word: _word_bitmaps,
    tree.Phrase: _phrase_bitmaps,
    tree.Prefix: _prefix_bitmaps,
    tree.AuthorName: _name_bitmaps,
    tree.Upvotes: _upvotes_bitmaps,
    tree.Votes: _votes_bitmaps,
    tree.After: _after_bitmaps,
    tree.Before: _before_bitmaps,
    tree.Like: _like_bitmaps,
}
