"""The authors of a block's papers, by the words and initials of their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from notifier.matching.passages import bears


class Names:
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
