"""Look up papers by their authors and their labels; a label is a category, a topic or a source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from notifier.matching.passages import Matchable, name_has_words
from notifier.queries.leaves import category_name, label
from notifier.queries.tree import Category, Leaf, SourceName, TopicTag


class AuthorNameIndex:
    """The names of the authors of a block's papers, which can be looked up by any of their words.

    A name is a list of folded words, and comes with the position of its paper.
    """

    def __init__(self, names: Iterable[tuple[int, list[str]]]) -> None:
        self._names = list(names)
        self._names_by_word: defaultdict[str, set[int]] = defaultdict(set)
        for number, (_, name) in enumerate(self._names):
            for word in name:
                self._names_by_word[word].add(number)
                self._names_by_word[word[0]].add(number)  # a query may give only the initial

    def positions(self, wanted: Sequence[str]) -> Iterator[int]:
        """Return the positions of the papers that have an author whose name has all wanted words.

        A position is repeated if several authors of the paper have these words.
        """
        candidates = min((self._names_by_word.get(word, set()) for word in wanted), key=len)
        return (position for position, name in map(self._names.__getitem__, candidates) if name_has_words(name, wanted))


def positions_by_label(papers: Sequence[Matchable]) -> Mapping[Leaf, list[int]]:
    """Return the positions of the papers that have a label, by the leaf that asks for it.

    A leaf is left out if no paper has its label.
    """
    found: defaultdict[Leaf, list[int]] = defaultdict(list)
    for position, paper in enumerate(papers):
        for leaf in _label_leaves(paper):
            found[leaf].append(position)
    return found


def _label_leaves(paper: Matchable) -> Iterator[Leaf]:
    """Yield the leaves that ask for the paper's source, topics and categories.

    For the category `cs.LG`, one leaf asks for `cs.lg` and one for the archive `cs`.
    """
    yield SourceName(label(paper.source))
    yield from (TopicTag(label(slug)) for slug in paper.topics)
    for category in paper.categories:
        parts = category_name(category).split(".")
        yield from (Category(name) for name in accumulate(parts, "{}.{}".format))
