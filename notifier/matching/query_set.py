"""Store a set of distinct queries as a graph that is ready to be matched.

A node of the graph is a leaf, or NOT, AND or OR over other nodes. A part that several queries share is one node. All
nodes of one shape are rows of one table, so that numpy can evaluate them together. Adding or discarding a query changes
only the nodes of that query.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from notifier.matching.leaf_bitmaps import LeafKind, kind_of
from notifier.queries.tree import And, Leaf, Not, Or, Query

Operator = type[Not] | type[And] | type[Or]


class Operation(NamedTuple):
    """The shape of operator nodes: those with the same level, operator and number of operands.

    Leaves have level 0. The level of an operator node is one more than the highest level of its operands, so nodes can
    be evaluated level by level.
    """

    level: int
    operator: Operator
    operands: int


Shape = LeafKind | Operation


class ShapeTable:
    """The nodes of one shape, one in each row, in no particular order.

    `nodes` has the number of the node in each row. `contents` has `width` values for each row: the wanted value of a
    leaf, or the numbers of the operands.
    """

    def __init__(self, shape: Shape) -> None:
        self.nodes = array("i")
        self.width = shape.operands if isinstance(shape, Operation) else 1
        self.contents: Any = array("i") if isinstance(shape, Operation) else []

    def add(self, node: int, content: Iterable[Any]) -> int:
        """Append a row for a node and return its row number."""
        self.nodes.append(node)
        self.contents.extend(content)
        return len(self.nodes) - 1

    def remove(self, row: int) -> int:
        """Remove a row by moving the last row into its place; return the number of the moved node."""
        self.contents[row * self.width : (row + 1) * self.width] = self.contents[-self.width :]
        del self.contents[-self.width :]
        moved = self.nodes[row] = self.nodes[-1]
        self.nodes.pop()
        return moved

    def content(self, row: int) -> Sequence[Any]:
        """Return the wanted value or the operands of the node in this row."""
        content: Sequence[Any] = self.contents[row * self.width : (row + 1) * self.width]
        return content


@dataclass(slots=True, eq=False)
class _Node:
    """A node's place in the tables, and the number of queries and other nodes that use it.

    Equal nodes have equal keys.
    """

    key: Leaf | bytes
    shape: Shape
    row: int
    uses: int = 0


class QuerySet:
    """Distinct queries, each with a number.

    A query that is added twice gets the same number twice, and stays in the set until it is discarded twice.
    """

    def __init__(self) -> None:
        self.tables: dict[Shape, ShapeTable] = {}
        self._nodes: list[_Node] = []
        self._free: list[int] = []  # numbers that new nodes may use again
        self._numbers: dict[Leaf | bytes, int] = {}

    @property
    def size(self) -> int:
        """The number of bitmaps that a match needs: every node's number is less than this."""
        return len(self._nodes)

    def add(self, query: Query) -> int:
        """Add a query and return its number, which does not change while the query is in the set."""
        number = self._node_number(query)
        self._nodes[number].uses += 1
        return number

    def discard(self, number: int) -> None:
        """Undo one `add` of the query with this number.

        When the query has left the set, its number may be given to another query.
        """
        node = self._nodes[number]
        assert node.uses > 0, "the number belongs to no query of the set"
        node.uses -= 1
        if node.uses:
            return
        table = self.tables[node.shape]
        operands = table.content(node.row) if isinstance(node.shape, Operation) else ()
        self._nodes[table.remove(node.row)].row = node.row
        del self._numbers[node.key]
        self._free.append(number)
        for operand in operands:
            self.discard(operand)

    def _node_number(self, query: Query) -> int:
        """Return the number of the query's node; create the node, and those below it, if they do not exist."""
        match query:
            case Not(operand):
                return self._operation_number(Not, [self._node_number(operand)])
            case And(operands) | Or(operands):
                return self._operation_number(type(query), sorted(map(self._node_number, operands)))
            case leaf:
                number = self._numbers.get(leaf)
                return self._add_node(leaf, *kind_of(leaf)) if number is None else number

    def _operation_number(self, operator: Operator, operands: list[int]) -> int:
        key = operator.__name__.encode() + array("i", operands).tobytes()
        if key in self._numbers:
            return self._numbers[key]
        level = 1 + max(self._nodes[operand].shape.level for operand in operands)
        for operand in operands:
            self._nodes[operand].uses += 1
        return self._add_node(key, Operation(level, operator, len(operands)), operands)

    def _add_node(self, key: Leaf | bytes, shape: Shape, content: Sequence[Any]) -> int:
        number = self._free.pop() if self._free else len(self._nodes)
        table = self.tables.setdefault(shape, ShapeTable(shape))
        node = _Node(key, shape, table.add(number, content))
        self._nodes[number : number + 1] = [node]
        self._numbers[key] = number
        return number
