"""Every query of a set, evaluated on a block of papers at once: leaves first, then level by level what is over them.

A node's row is the set of papers that it is true of, so that AND, OR and NOT are those of machine words. Tables are
worked on in pieces that fit the processor's cache, and what no paper can match is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from notifier.matching.block import Block, Numbers, Rows
from notifier.matching.leaf_rows import Kind, rows_of
from notifier.matching.query_set import Operator, QuerySet, Shape, Table
from notifier.queries.tree import And, Not

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


def _level(entry: tuple[Shape, Table]) -> int:
    return entry[0].level


def _found(
    shape: Shape, table: Table, block: Block, rows: Rows, live: npt.NDArray[np.bool_]
) -> Iterator[tuple[Numbers, Rows]]:
    """Nodes of a table and their rows; those that are passed over match nothing."""
    nodes = np.array(table.nodes, np.int64)
    if isinstance(shape, Kind):
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
