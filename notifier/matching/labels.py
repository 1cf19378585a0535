"""The labels of papers: categories, topics and sources, as the leaves that ask for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from notifier.matching.passages import Matchable, bears
from notifier.queries.leaves import category_name, label
from notifier.queries.tree import Category, Leaf, SourceName, TopicTag


class AuthorNames:
    """Names as lists of folded words, each with the position of the paper that it stands on."""

    def __init__(self, names: Iterable[tuple[int, list[str]]]) -> None:
        self._names = list(names)
        self._bearing: defaultdict[str, set[int]] = defaultdict(set)
        for number, (_, name) in enumerate(self._names):
            for word in name:
                self._bearing[word].add(number)
                self._bearing[word[0]].add(number)

    def positions(self, asked: Sequence[str]) -> Iterator[int]:
        """The papers with an author whose name has all these words."""
        candidates = min((self._bearing.get(word, set()) for word in asked), key=len)
        return (position for position, name in map(self._names.__getitem__, candidates) if bears(name, asked))


def positions_by_label(papers: Sequence[Matchable]) -> Mapping[Leaf, list[int]]:
    """By leaf: the positions of the papers that bear its label."""
    found: defaultdict[Leaf, list[int]] = defaultdict(list)
    for position, paper in enumerate(papers):
        for leaf in _labels(paper):
            found[leaf].append(position)
    return found


def _labels(paper: Matchable) -> Iterator[Leaf]:
    """A category is in each archive that its dots name."""
    yield SourceName(label(paper.source))
    yield from (TopicTag(label(slug)) for slug in paper.topics)
    for category in paper.categories:
        parts = category_name(category).split(".")
        yield from (Category(name) for name in accumulate(parts, "{}.{}".format))
