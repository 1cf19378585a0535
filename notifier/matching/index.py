"""An index of papers, and what queries match in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from notifier.matching.block import Block, Numbers, Rows
from notifier.matching.leaf_rows import LeafKind, rows_of
from notifier.matching.passages import Matchable
from notifier.matching.query_set import Operator, QuerySet, Shape, ShapeTable
from notifier.matching.tokens import Tokens
from notifier.queries.tree import And, Not, Query

_PIECE = 1 << 18  # bytes of rows in hand

Bits = TypeVar("Bits", np.uint64, np.bool_)


def evaluate(queries: QuerySet, block: Block) -> Rows:
    """For each number of the set, the row of the papers that the query is true of."""
    rows = np.zeros((queries.size, block.width), np.uint64)
    live = np.zeros(queries.size, np.bool_)  # the nodes that are true of some paper
    for shape, table in sorted(queries.tables.items(), key=_level):
        for nodes, found in _found(shape, table, block, rows, live):
            rows[nodes] = found
            live[nodes] = found.any(axis=1)
    return rows


def _level(entry: tuple[Shape, ShapeTable]) -> int:
    return entry[0].level


def _found(
    shape: Shape, table: ShapeTable, block: Block, rows: Rows, live: npt.NDArray[np.bool_]
) -> Iterator[tuple[Numbers, Rows]]:
    """Nodes of a table and their rows; those that are passed over match nothing."""
    nodes = np.array(table.nodes, np.int64)
    if isinstance(shape, LeafKind):
        if len(nodes):
            yield nodes, rows_of(block, shape, table.contents)
        return
    operands = np.array(table.contents, np.int64).reshape(len(nodes), table.width)
    step = max(1, _PIECE // (8 * max(1, block.width)))
    for start in range(0, len(nodes), step):
        some, of_some = nodes[start : start + step], operands[start : start + step]
        if shape.operator is Not:
            yield some, block.everything & ~rows[of_some[:, 0]]
        else:
            possible = _joined(shape.operator, of_some, live)
            yield some[possible], _joined(shape.operator, of_some[possible], rows)


def _joined(operator: Operator, operands: Numbers, values: npt.NDArray[Bits]) -> npt.NDArray[Bits]:
    """AND or OR over the values of the nodes in each row of `operands`."""
    join = np.bitwise_and if operator is And else np.bitwise_or
    joined: npt.NDArray[Bits] = values[operands[:, 0]]
    for column in range(1, operands.shape[1]):
        join(joined, values[operands[:, column]], out=joined)
    return joined


PAPERS = 1000  # of a block
BYTES = 1 << 22  # of a block's tokens: few papers, if they are very long


class PaperIndex:
    """Papers in blocks; their positions are counted from 0 in the order given."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks = list(blocks)

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


def index(papers: Sequence[Matchable], tokenised: Sequence[bytes] | None = None) -> PaperIndex:
    """An index of the papers; `tokenised` is what `tokenise` made of each, where that is kept."""
    if tokenised is None:
        return PaperIndex(block for block, _ in blocks(papers))
    return PaperIndex(Block(papers[part], Tokens.read(tokenised[part])) for part in _parts(list(map(len, tokenised))))


def blocks(papers: Sequence[Matchable]) -> Iterator[tuple[Block, list[bytes]]]:
    """The papers in blocks, one after the other, and what `tokenise` makes of each."""
    for part in _parts(list(map(_size, papers))):
        tokens = Tokens()
        tokenised = list(map(tokens.take, papers[part]))
        yield Block(papers[part], tokens), tokenised


def _size(paper: Matchable) -> int:
    """The length of all texts in which a query's words may stand."""
    names = sum(map(len, paper.authors)) + sum(map(len, paper.keywords))
    return len(paper.title) + len(paper.abstract) + names


def _parts(sizes: Sequence[int]) -> Iterator[slice]:
    """What has these sizes cut into parts: each of at most PAPERS papers and BYTES, or of a single one."""
    start = total = 0
    for place, size in enumerate(sizes):
        if place - start == PAPERS or (place > start and total + size > BYTES):
            yield slice(start, place)
            start, total = place, 0
        total += size
    if sizes:
        yield slice(start, len(sizes))
