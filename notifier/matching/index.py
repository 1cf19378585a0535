"""An index of papers, and what queries match in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from notifier.matching.block import Block, Rows
from notifier.matching.evaluation import evaluate
from notifier.matching.query_set import QuerySet
from notifier.matching.tokenised import tokenise
from notifier.models import Paper
from notifier.queries.tree import Query

PAPERS = 1000  # of a block
BYTES = 1 << 22  # of a block's tokens: few papers, if they are very long


class PaperIndex:
    """Papers in blocks; their positions are counted from 0 in the order given."""

    def __init__(self, papers: Sequence[Paper], tokenised: Iterable[bytes] | None = None) -> None:
        """`tokenised` is what `tokenise` made of each paper, where it is kept."""
        self.blocks = list(_blocks(papers, map(tokenise, papers) if tokenised is None else tokenised))

    def words(self) -> set[str]:
        """Every folded word of the papers."""
        return {word for block in self.blocks for word in block.words if word}

    def match_all(self, queries: QuerySet) -> Matches:
        """What each query of the set is true of."""
        return Matches([(len(block.papers), evaluate(queries, block)) for block in self.blocks])

    def match(self, query: Query) -> list[int]:
        """The positions of the papers that one query is true of, ascending."""
        alone = QuerySet()
        number = alone.add(query)
        return self.match_all(alone).positions(number)


class Matches:
    """For each query the papers that it is true of, one bit a paper."""

    def __init__(self, blocks: Sequence[tuple[int, Rows]]) -> None:
        """`blocks` are the papers in each block, and the block's row for each query."""
        self._blocks = blocks
        self.size = sum(rows.nbytes for _, rows in blocks)  # bytes

    def positions(self, number: int) -> list[int]:
        """The positions of the papers that the query of this number is true of, ascending."""
        found: list[int] = []
        start = 0
        for papers, rows in self._blocks:
            bits = np.unpackbits(rows[number].astype("<u8").view(np.uint8), count=papers, bitorder="little")
            found += (np.flatnonzero(bits) + start).tolist()
            start += papers
        return found


def _blocks(papers: Sequence[Paper], tokenised: Iterable[bytes]) -> Iterator[Block]:
    some_papers: list[Paper] = []
    some: list[bytes] = []
    size = 0
    for paper, each in zip(papers, tokenised, strict=True):
        if len(some) == PAPERS or (some and size + len(each) > BYTES):
            yield Block(some_papers, some)
            some_papers, some, size = [], [], 0
        some_papers.append(paper)
        some.append(each)
        size += len(each)
    if some:
        yield Block(some_papers, some)
