"""Why a paper matched: where the words that were asked for stand in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from notifier.matching.passages import fields_of
from notifier.models import Paper, Span, Spans, merged
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Query, Word
from notifier.text.words import stem, tokens


def spans(query: Query, paper: Paper) -> Spans:
    """Where the words of the query's leaves stand in title and abstract, but for those under NOT.

    A phrase is one span, from its first word to its last; spans that overlap are one.
    """
    return MarkedLeaves(query).spans(PaperWords(paper))


class MarkedLeaves:
    """What a query can match for: its leaves, but for those under NOT."""

    def __init__(self, query: Query) -> None:
        wanted = list(_positive_leaves(query))
        self._title = [leaf for leaf in wanted if _looks_at(leaf, Field.TITLE)]
        self._abstract = [leaf for leaf in wanted if _looks_at(leaf, Field.ABSTRACT)]

    def spans(self, words: PaperWords) -> Spans:
        """As `spans`, for the paper whose words these are."""
        return Spans(words.title.marked(self._title), words.abstract.marked(self._abstract))


class PaperWords:
    """A paper's words and their places, worked out once for all queries that are asked about it."""

    def __init__(self, paper: Paper) -> None:
        self.title = _MarkableText(paper.title)
        self.abstract = _MarkableText(paper.abstract)


class _MarkableText:
    """The tokens of a text, and by word and by stem the places where they are found."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[int]] = defaultdict(list)
        for place, token in enumerate(self._tokens):
            self._by_word[token.folded].append(place)
        for word, places in self._by_word.items():
            self._by_stem[stem(word)] += places

    def marked(self, leaves: Iterable[Leaf]) -> tuple[Span, ...]:
        """The words that make these leaves true, in order."""
        found = [span for leaf in leaves for span in self._occurrences(leaf)]
        return merged(found) if len(found) > 1 else tuple(found)

    def _occurrences(self, leaf: Leaf) -> list[Span]:
        match leaf:
            case Word(wanted):
                return self._spans(self._by_stem.get(wanted, ()))
            case Prefix(start):
                begin_so = (places for word, places in self._by_word.items() if word.startswith(start))
                return self._spans(place for places in begin_so for place in places)
            case Phrase(words):
                begins = (place for place in self._by_word.get(words[0], ()) if self._has(words, place))
                return self._spans(begins, len(words))
        return []

    def _has(self, words: Sequence[str], place: int) -> bool:
        return tuple(token.folded for token in self._tokens[place : place + len(words)]) == words

    def _spans(self, places: Iterable[int], length: int = 1) -> list[Span]:
        return [(self._tokens[place].start, self._tokens[place + length - 1].end) for place in places]


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
