"""Why a paper matched: where the words that were asked for stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from notifier.matching.passages import fields_of, places
from notifier.models import Paper, Span, Spans
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Query, Word
from notifier.text import Token, stem, tokens


def spans(query: Query, paper: Paper) -> Spans:
    """Where the words of the query's leaves stand in title and abstract, but for those under NOT.

    A phrase is one span, from its first word to its last; spans that overlap are one.
    """
    wanted = list(_positive_leaves(query))
    return Spans(
        title=_marked(paper.title, [leaf for leaf in wanted if _looks_at(leaf, Field.TITLE)]),
        abstract=_marked(paper.abstract, [leaf for leaf in wanted if _looks_at(leaf, Field.ABSTRACT)]),
    )


def _positive_leaves(query: Query) -> Iterator[Leaf]:
    match query:
        case Not():
            return
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _positive_leaves(operand)
        case _:
            yield query


def _looks_at(leaf: Leaf, field: Field) -> bool:
    return isinstance(leaf, Word | Phrase | Prefix) and field in fields_of(leaf.field)


def _marked(text: str, leaves: Sequence[Leaf]) -> tuple[Span, ...]:
    found = tokens(text) if leaves else []
    return tuple(_merged(sorted(span for leaf in leaves for span in _occurrences(leaf, found))))


def _occurrences(leaf: Leaf, found: Sequence[Token]) -> Iterator[Span]:
    match leaf:
        case Word(wanted):
            yield from ((token.start, token.end) for token in found if stem(token.folded) == wanted)
        case Prefix(start):
            yield from ((token.start, token.end) for token in found if token.folded.startswith(start))
        case Phrase(words):
            for place in places(words, [token.folded for token in found]):
                yield found[place].start, found[place + len(words) - 1].end


def _merged(ordered: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in ordered:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
