"""Which papers of a block a leaf is true of: for all leaves of one kind at once.

A kind is what leaves have in common but for what they ask: a word in the title, a phrase of three words, and so on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

import numpy as np

from notifier.matching.block import Block, Rows
from notifier.matching.phrases import occurrences
from notifier.models import Paper
from notifier.queries import tree
from notifier.queries.tree import Field, Leaf

_COMPARISONS = {">=": ge, ">": gt, "<=": le, "<": lt, "=": eq}
_LAST = "\U0010ffff"


class Kind(NamedTuple):
    """What leaves that are looked up together have in common; `length` is that of a phrase."""

    type: type[Leaf]
    field: Field | None = None
    length: int = 1


def kind_of(leaf: Leaf) -> tuple[Kind, tuple[Any]]:
    """A leaf's kind, and what it asks for, as the one content of its row."""
    match leaf:
        case tree.Word(asked, field):
            return Kind(tree.Word, field), (asked,)
        case tree.Phrase(asked, field):
            return Kind(tree.Phrase, field, len(asked)), (asked,)
        case tree.Prefix(asked, field):
            return Kind(tree.Prefix, field), (asked,)
        case tree.Name(asked):
            return Kind(tree.Name), (asked,)
        case _:
            return Kind(type(leaf)), (leaf,)


def rows_of(block: Block, kind: Kind, asked: Sequence[Any]) -> Rows:
    """A row of papers for everything that is asked for, all of it of one kind."""
    if kind.type is tree.Word:
        return block.stem_rows(kind.field)[[block.stem_numbers.get(stem, 0) for stem in asked]]
    if kind.type is tree.Phrase:
        return _phrase_rows(block, kind, asked)
    if kind.type is tree.Prefix:
        return _prefix_rows(block, kind.field, asked)
    return np.stack([block.row(_positions(block, kind, each)) for each in asked])


def _phrase_rows(block: Block, kind: Kind, phrases: Sequence[tuple[str, ...]]) -> Rows:
    numbers = [block.word_numbers.get(word, 0) for phrase in phrases for word in phrase]
    tokens = block.tokens_of(kind.field)
    found, at = occurrences(np.reshape(numbers, (-1, kind.length)), block.stream[tokens], len(block.words))
    return block.rows(found, block.paper_of[tokens][at], len(phrases))


def _prefix_rows(block: Block, field: Field | None, starts: Sequence[str]) -> Rows:
    """The words that begin alike stand together in alphabetical order: their rows are joined run by run."""
    edges = [bisect_left(block.words, edge) for start in starts for edge in (start, start + _LAST)]
    joined = np.bitwise_or.reduceat(block.word_rows(field), edges)[::2]
    joined[np.equal(edges[::2], edges[1::2])] = 0  # of an empty run, numpy gives the row behind it
    return joined


def _positions(block: Block, kind: Kind, asked: Any) -> Iterable[int]:
    if kind.type is tree.Name:
        return block.names.positions(asked)
    if kind.type in (tree.Upvotes, tree.After, tree.Before):
        return (position for position, paper in enumerate(block.papers) if _is_within(asked, paper))
    return block.labelled.get(asked, ())


def _is_within(bound: tree.Upvotes | tree.After | tree.Before, paper: Paper) -> bool:
    match bound:
        case tree.After(day):
            return paper.listed_on >= day
        case tree.Before(day):
            return paper.listed_on < day
        case tree.Upvotes(sign, number):
            return paper.upvotes is not None and _COMPARISONS[sign](paper.upvotes, number)
