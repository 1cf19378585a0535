"""Find the places of a query's words in a paper's title and abstract, for marking them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from sys import maxunicode

from notifier.matching.passages import fields_of
from notifier.models import Paper, Span, Spans, merge_spans
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Query, Word
from notifier.text.spellings import search_tokens, sequence_words, single_word
from notifier.text.words import stem


def spans(query: Query, paper: Paper) -> Spans:
    """Return the places in title and abstract of the words that the query searches for.

    Words under NOT are left out. A phrase is one span, from its first word to its last. Overlapping spans are merged.
    """
    return MarkedLeaves(query).spans(PaperWords(paper))


class MarkedLeaves:
    """The leaves of a query whose words are marked in papers: the text leaves that are not under NOT.

    If `terms` are given, a word of a leaf is marked only if it is one of the terms, in any inflection. A caller that
    marks many papers for the same query makes this object once.
    """

    def __init__(self, query: Query, terms: Iterable[str] | None = None) -> None:
        positive = list(_positive_leaves(query))
        if terms is not None:
            wanted = [sequence_words(term) for term in terms]
            positive = list(dict.fromkeys(part for leaf in positive for part in _parts(leaf, wanted)))
        self._title = [leaf for leaf in positive if _searches(leaf, Field.TITLE)]
        self._abstract = [leaf for leaf in positive if _searches(leaf, Field.ABSTRACT)]

    def spans(self, paper: PaperWords) -> Spans:
        """Return the places of the query's words in a paper, as the function `spans` does."""
        return Spans(paper.title.marked(self._title), paper.abstract.marked(self._abstract))


class PaperWords:
    """The words of a paper's title and abstract, with their places.

    A caller that marks one paper for many queries makes this object once.
    """

    def __init__(self, paper: Paper) -> None:
        self.title = _SearchableText(paper.title)
        self.abstract = _SearchableText(paper.abstract)


class _SearchableText:
    """The tokens of a text, with look-up tables: word to token positions, and stem to spans."""

    def __init__(self, text: str) -> None:
        self._tokens = search_tokens(text)
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[Span]] = defaultdict(list)
        for position, token in enumerate(self._tokens):
            self._by_word[token.folded].append(position)
        for word, positions in self._by_word.items():
            self._by_stem[stem(word)] += self._spans(positions)
        self._words = sorted(self._by_word)

    def marked(self, leaves: Iterable[Leaf]) -> tuple[Span, ...]:
        """Return the spans of the words that make these leaves true, in order and merged if they overlap."""
        found = [span for leaf in leaves for span in self._occurrences(leaf)]
        return merge_spans(found) if len(found) > 1 else tuple(found)

    def _occurrences(self, leaf: Leaf) -> Sequence[Span]:
        """Return the span of each place where the leaf matches."""
        match leaf:
            case Word(wanted):
                return self._by_stem.get(wanted, ())
            case Prefix(start):
                return self._spans(position for word in self._words_from(start) for position in self._by_word[word])
            case Phrase(phrase):
                firsts = (first for first in self._by_word.get(phrase[0], ()) if self._has_phrase_at(phrase, first))
                return self._spans(firsts, len(phrase))
        return ()

    def _words_from(self, start: str) -> Sequence[str]:
        """Return the words that begin with `start`."""
        first = bisect_left(self._words, start)
        return self._words[first : bisect_left(self._words, f"{start}{chr(maxunicode)}", first)]

    def _has_phrase_at(self, phrase: Sequence[str], first: int) -> bool:
        return tuple([token.folded for token in self._tokens[first : first + len(phrase)]]) == phrase

    def _spans(self, firsts: Iterable[int], length: int = 1) -> list[Span]:
        """Return one span for each position in `firsts`: it begins at that token and covers `length` tokens."""
        return [(self._tokens[first].start, self._tokens[first + length - 1].end) for first in firsts]


def _positive_leaves(query: Query) -> Iterator[Leaf]:
    """Yield the leaves of a query that are not under NOT."""
    match query:
        case Not():
            return
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _positive_leaves(operand)
        case _:
            yield query


def _parts(leaf: Leaf, terms: Iterable[Sequence[str]]) -> Iterator[Leaf]:
    """Yield the parts of a leaf that are one of the terms; each is a leaf of the same field."""
    for term in filter(None, terms):
        match leaf:
            case Word(stemmed) if stemmed == stem(single_word(term) or ""):
                yield leaf
            case Prefix(start) if (single_word(term) or "").startswith(start):
                yield leaf
            case Phrase(phrase, field):
                length = len(term)
                pieces = (phrase[first : first + length] for first in range(len(phrase) - length + 1))
                yield from (Phrase(piece, field) for piece in pieces if _stems(piece) == _stems(term))


def _stems(words: Iterable[str]) -> list[str]:
    return list(map(stem, words))


def _searches(leaf: Leaf, field: Field) -> bool:
    return isinstance(leaf, Word | Phrase | Prefix) and field in fields_of(leaf.field)
