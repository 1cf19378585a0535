"""Index papers, and evaluate queries on the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from notifier.matching.block import Bitmaps, Block, Numbers
from notifier.matching.leaf_bitmaps import LeafKind, bitmaps_of
from notifier.matching.passages import Matchable
from notifier.matching.query_set import Operator, QuerySet, Shape, ShapeTable
from notifier.matching.tokens import Tokens
from notifier.queries.tree import And, Not, Query

# A block has at most this many papers, and fewer if they are very long, so that their texts or tokens fit in MAX_BYTES.
MAX_PAPERS = 1000
MAX_BYTES = 1 << 22

_STEP_BYTES = 1 << 18  # one step of an evaluation produces at most about this many bytes of bitmaps

Values = TypeVar("Values", np.uint64, np.bool_)


def evaluate(queries: QuerySet, block: Block) -> Bitmaps:
    """Return which papers each query of the set matches: a bitmap for each query number."""
    bitmaps = np.zeros((queries.size, block.bitmap_length), np.uint64)
    matches_any = np.zeros(queries.size, np.bool_)  # for each node, whether it matches at least one paper
    for shape, table in sorted(queries.tables.items(), key=_level):
        for nodes, found in _evaluate_table(shape, table, block, bitmaps, matches_any):
            bitmaps[nodes] = found
            matches_any[nodes] = found.any(axis=1)
    return bitmaps


def _level(entry: tuple[Shape, ShapeTable]) -> int:
    return entry[0].level


def _evaluate_table(
    shape: Shape, table: ShapeTable, block: Block, bitmaps: Bitmaps, matches_any: npt.NDArray[np.bool_]
) -> Iterator[tuple[Numbers, Bitmaps]]:
    """Yield the node numbers of a table with their bitmaps, some nodes at a time.

    A node is left out if its operands show that it matches no paper.
    """
    nodes = np.array(table.nodes, np.int64)
    if isinstance(shape, LeafKind):
        if len(nodes):
            yield nodes, bitmaps_of(block, shape, table.contents)
        return
    operands = np.array(table.contents, np.int64).reshape(len(nodes), table.width)
    step = max(1, _STEP_BYTES // (8 * max(1, block.bitmap_length)))
    for start in range(0, len(nodes), step):
        step_nodes, step_operands = nodes[start : start + step], operands[start : start + step]
        if shape.operator is Not:
            yield step_nodes, block.all_papers & ~bitmaps[step_operands[:, 0]]
        else:
            possible = _combined(shape.operator, step_operands, matches_any)
            yield step_nodes[possible], _combined(shape.operator, step_operands[possible], bitmaps)


def _combined(operator: Operator, operands: Numbers, values: npt.NDArray[Values]) -> npt.NDArray[Values]:
    """Return, for each row of operand numbers, the values of these operands combined by AND or OR."""
    combine = np.bitwise_and if operator is And else np.bitwise_or
    combined: npt.NDArray[Values] = values[operands[:, 0]]
    for column in range(1, operands.shape[1]):
        combine(combined, values[operands[:, column]], out=combined)
    return combined


class PaperIndex:
    """Papers in blocks. The position of a paper is its place in the order given, counted from 0."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks = list(blocks)

    def words(self) -> set[str]:
        """Return every folded word of the papers."""
        return {word for block in self.blocks for word in block.words if word}

    def match_all(self, queries: QuerySet) -> Matches:
        """Match all queries of the set with all papers."""
        return Matches([(len(block.papers), evaluate(queries, block)) for block in self.blocks])

    def match(self, query: Query) -> list[int]:
        """Return the positions of the papers that one query matches, in ascending order."""
        queries = QuerySet()
        number = queries.add(query)
        return self.match_all(queries).positions(number)


class Matches:
    """The papers that each query of a set matches, stored as one bit for each query and paper.

    `size` is the number of bytes that the bits take.
    """

    def __init__(self, blocks: Sequence[tuple[int, Bitmaps]]) -> None:
        """Take, for each block, the number of its papers and its bitmap for each query number."""
        self._blocks = blocks
        self.size = sum(bitmaps.nbytes for _, bitmaps in blocks)

    def positions(self, number: int) -> list[int]:
        """Return the positions of the papers that the query with this number matches, in ascending order."""
        found: list[int] = []
        start = 0
        for papers, bitmaps in self._blocks:
            bits = np.unpackbits(bitmaps[number].astype("<u8").view(np.uint8), count=papers, bitorder="little")
            found += (np.flatnonzero(bits) + start).tolist()
            start += papers
        return found


def index(papers: Sequence[Matchable], tokenised: Sequence[bytes] | None = None) -> PaperIndex:
    """Index the papers; `tokenised` is the result of `tokenise` for each of them, if the caller has stored it."""
    if tokenised is None:
        return PaperIndex(block for block, _ in blocks(papers))
    parts = _parts(list(map(len, tokenised)))
    return PaperIndex(Block(papers[part], Tokens.unpack(tokenised[part])) for part in parts)


def blocks(papers: Sequence[Matchable]) -> Iterator[tuple[Block, list[bytes]]]:
    """Yield the papers block by block, each with the result of `tokenise` for its papers."""
    for part in _parts(list(map(_text_length, papers))):
        tokens = Tokens()
        tokenised = list(map(tokens.add, papers[part]))
        yield Block(papers[part], tokens), tokenised


def _text_length(paper: Matchable) -> int:
    """Return the length of all texts of a paper in which words are searched."""
    names = sum(map(len, paper.authors)) + sum(map(len, paper.keywords))
    return len(paper.title) + len(paper.abstract) + names


def _parts(sizes: Sequence[int]) -> Iterator[slice]:
    """Yield the slice of papers for each block; `sizes` has the size of each paper's texts or tokens.

    A block has at most MAX_PAPERS papers, and their sizes are at most MAX_BYTES in total. A paper whose size is greater
    has a block of its own.
    """
    start = total = 0
    for place, size in enumerate(sizes):
        if place - start == MAX_PAPERS or (place > start and total + size > MAX_BYTES):
            yield slice(start, place)
            start, total = place, 0
        total += size
    if sizes:
        yield slice(start, len(sizes))
