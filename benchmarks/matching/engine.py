"""The contender that is this project's matching engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.matching.contender import Pair
from notifier.matching import Matches, PaperIndex, QuerySet, index
from notifier.models import Paper
from notifier.queries import Query


class Engine:
    """The engine as planning uses it: with the tokens that are stored for each paper."""

    def __init__(self) -> None:
        self.queries = QuerySet()
        self._numbers: list[int] = []
        self._index: PaperIndex
        self._matches: Matches

    def set_queries(self, queries: Iterable[Query]) -> None:
        self._numbers = [self.queries.add(query) for query in queries]

    def set_papers(self, papers: Sequence[Paper], tokenised: Sequence[bytes]) -> None:
        self._index = index(papers, tokenised)

    def match(self) -> None:
        self._matches = self._index.match_all(self.queries)

    def pairs(self) -> Iterable[Pair]:
        for query, number in enumerate(self._numbers):
            for position in self._matches.positions(number):
                yield query, position
