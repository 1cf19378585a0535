"""Distinct queries, kept ready to be matched: a graph in which whatever several queries share is there once.

A node is a leaf, or NOT, AND or OR over other nodes. Nodes of one shape stand side by side in a table, so that a match
works on whole tables. To add or discard a query touches the nodes of that query alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from notifier.matching.leaf_rows import LeafKind, kind_of
from notifier.queries.tree import And, Leaf, Not, Or, Query

Operator = type[Not] | type[And] | type[Or]


class Operation(NamedTuple):
    """The shape of nodes over other nodes. Leaves are of level 0, a node is one level above its highest operand."""

    level: int
    operator: Operator
    operands: int


Shape = LeafKind | Operation


class ShapeTable:
    """The nodes of one shape, in no order, with what a leaf asks for, or the operands of each one after the other."""

    def __init__(self, shape: Shape) -> None:
        self.nodes = array("i")
        self.width = shape.operands if isinstance(shape, Operation) else 1
        self.contents: Any = array("i") if isinstance(shape, Operation) else []

    def add(self, node: int, content: Iterable[Any]) -> int:
        """A new row; returns its place."""
        self.nodes.append(node)
        self.contents.extend(content)
        return len(self.nodes) - 1

    def remove(self, row: int) -> int:
        """Let the last row take the place of this one; returns the node of that row."""
        self.contents[row * self.width : (row + 1) * self.width] = self.contents[-self.width :]
        del self.contents[-self.width :]
        moved = self.nodes[row] = self.nodes[-1]
        self.nodes.pop()
        return moved

    def content(self, row: int) -> Sequence[Any]:
        """What the node in this row asks for, or its operands."""
        held: Sequence[Any] = self.contents[row * self.width : (row + 1) * self.width]
        return held


@dataclass(slots=True, eq=False)
class _Node:
    """Where a node stands, and how many queries and other nodes use it; `key` is the same for equal nodes."""

    key: Leaf | bytes
    shape: Shape
    row: int
    uses: int = 0


class QuerySet:
    """Queries by number. One that is added twice has one number, and is there until it is discarded twice."""

    def __init__(self) -> None:
        self.tables: dict[Shape, ShapeTable] = {}
        self._nodes: list[_Node] = []
        self._free: list[int] = []  # numbers of nodes that are gone
        self._numbers: dict[Leaf | bytes, int] = {}

    @property
    def size(self) -> int:
        """One more than the greatest number in use."""
        return len(self._nodes)

    def add(self, query: Query) -> int:
        """The query's number, which stays as long as the query does."""
        number = self._number(query)
        self._nodes[number].uses += 1
        return number

    def discard(self, number: int) -> None:
        """Take back one `add`; the number of a query that is gone may be given to another."""
        node = self._nodes[number]
        assert node.uses > 0, "a number that was given back is nobody's"
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

    def _number(self, query: Query) -> int:
        match query:
            case Not(operand):
                return self._operation(Not, [self._number(operand)])
            case And(operands) | Or(operands):
                return self._operation(type(query), sorted(map(self._number, operands)))
            case leaf:
                number = self._numbers.get(leaf)
                return self._new(leaf, *kind_of(leaf)) if number is None else number

    def _operation(self, operator: Operator, operands: list[int]) -> int:
        key = operator.__name__.encode() + array("i", operands).tobytes()
        if key in self._numbers:
            return self._numbers[key]
        level = 1 + max(self._nodes[operand].shape.level for operand in operands)
        for operand in operands:
            self._nodes[operand].uses += 1
        return self._new(key, Operation(level, operator, len(operands)), operands)

    def _new(self, key: Leaf | bytes, shape: Shape, content: Sequence[Any]) -> int:
        number = self._free.pop() if self._free else len(self._nodes)
        table = self.tables.setdefault(shape, ShapeTable(shape))
        node = _Node(key, shape, table.add(number, content))
        self._nodes[number : number + 1] = [node]
        self._numbers[key] = number
        return number
