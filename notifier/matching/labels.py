"""The labels of papers: categories, topics and sources, as the leaves that ask for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from notifier.matching.passages import Matchable
from notifier.queries.leaves import category_name, label
from notifier.queries.tree import Category, Leaf, Source, Topic


def by_label(papers: Sequence[Matchable]) -> Mapping[Leaf, list[int]]:
    """By leaf: the positions of the papers that bear its label."""
    found: defaultdict[Leaf, list[int]] = defaultdict(list)
    for position, paper in enumerate(papers):
        for leaf in _labels(paper):
            found[leaf].append(position)
    return found


def _labels(paper: Matchable) -> Iterator[Leaf]:
    """A category is in each archive that its dots name."""
    yield Source(label(paper.source))
    yield from (Topic(label(slug)) for slug in paper.topics)
    for category in paper.categories:
        parts = category_name(category).split(".")
        yield from (Category(name) for name in accumulate(parts, "{}.{}".format))
