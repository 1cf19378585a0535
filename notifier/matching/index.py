"""An index of papers, on which queries are evaluated with plain sets: the meaning of the language at its shortest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import eq, ge, gt, le, lt

from notifier.matching.passages import PASSAGE_FIELDS, bears, fields_of, passages, places
from notifier.models import Paper
from notifier.queries import tree
from notifier.queries.leaves import category_name, label
from notifier.queries.tree import Field, Leaf, Query
from notifier.text import stem, words

Positions = frozenset[int]

_COMPARISONS = {">=": ge, ">": gt, "<=": le, "<": lt, "=": eq}


def index(papers: Sequence[Paper]) -> PaperIndex:
    """An index of the papers, in whose order their positions are counted from 0."""
    return PaperIndex(papers)


class PaperIndex:
    """Papers by the words and labels that a leaf may ask for."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = tuple(papers)
        self._everything = frozenset(range(len(self._papers)))
        self._passages: dict[Field, list[tuple[int, list[str]]]] = {field: [] for field in PASSAGE_FIELDS}
        self._bearing: dict[Field, defaultdict[str, set[int]]] = {field: defaultdict(set) for field in PASSAGE_FIELDS}
        self._labelled: defaultdict[Leaf, set[int]] = defaultdict(set)
        self._inflections: defaultdict[str, set[str]] = defaultdict(set)
        for position, paper in enumerate(self._papers):
            self._add(position, paper)

    def match(self, query: Query) -> list[int]:
        """The positions of the papers that the query is true of, ascending."""
        return sorted(self._matches(query))

    def _add(self, position: int, paper: Paper) -> None:
        for leaf in _labels(paper):
            self._labelled[leaf].add(position)
        for field in PASSAGE_FIELDS:
            for passage in passages(paper, field):
                found = words(passage)
                self._passages[field].append((position, found))
                for word in found:
                    self._bearing[field][word].add(position)
                    self._inflections[stem(word)].add(word)

    def _matches(self, query: Query) -> Positions:
        match query:
            case tree.And(operands):
                return frozenset.intersection(*map(self._matches, operands))
            case tree.Or(operands):
                return frozenset.union(*map(self._matches, operands))
            case tree.Not(operand):
                return self._everything - self._matches(operand)
            case leaf:
                return frozenset(self._true_of(leaf))

    def _true_of(self, leaf: Leaf) -> Iterable[int]:
        match leaf:
            case tree.Word(asked, field):
                return self._with_any(field, self._inflections.get(asked, ()))
            case tree.Prefix(start, field):
                return self._with_any(field, self._words_from(field, start))
            case tree.Phrase(phrase, field):
                return self._with_phrase(field, phrase)
            case tree.Name(asked):
                return (position for position, name in self._passages[Field.AUTHOR] if bears(name, asked))
            case tree.Upvotes() | tree.After() | tree.Before():
                return (position for position, paper in enumerate(self._papers) if _is_within(leaf, paper))
            case _:
                return self._labelled.get(leaf, ())

    def _with_any(self, field: Field | None, asked: Iterable[str]) -> set[int]:
        bearing = [self._bearing[searched] for searched in fields_of(field)]
        return {position for word in asked for postings in bearing for position in postings.get(word, ())}

    def _words_from(self, field: Field | None, start: str) -> Iterator[str]:
        return (word for searched in fields_of(field) for word in self._bearing[searched] if word.startswith(start))

    def _with_phrase(self, field: Field | None, phrase: tuple[str, ...]) -> Iterator[int]:
        for searched in fields_of(field):
            candidates = set.intersection(*(self._bearing[searched].get(word, set()) for word in phrase))
            for position, passage in self._passages[searched] if candidates else ():
                if position in candidates and places(phrase, passage):
                    yield position


def _is_within(bound: tree.Upvotes | tree.After | tree.Before, paper: Paper) -> bool:
    match bound:
        case tree.After(day):
            return paper.listed_on >= day
        case tree.Before(day):
            return paper.listed_on < day
        case tree.Upvotes(sign, number):
            return paper.upvotes is not None and _COMPARISONS[sign](paper.upvotes, number)


def _labels(paper: Paper) -> Iterator[Leaf]:
    """The leaves that name a label of the paper; a category is in each archive that its dots name."""
    yield tree.Source(label(paper.source))
    yield from (tree.Topic(label(slug)) for slug in paper.topics)
    for category in paper.categories:
        parts = category_name(category).split(".")
        yield from (tree.Category(name) for name in accumulate(parts, "{}.{}".format))
