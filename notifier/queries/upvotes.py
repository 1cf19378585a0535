"""Which numbers of upvotes matter to a query."""

from __future__ import annotations

from notifier.queries import tree
from notifier.queries.tree import Query, leaves


def upvotes_named(query: Query) -> frozenset[int]:
    """The numbers at which a paper's growing upvotes can change whether the query is true of it.

    For `>=50` that is 50, for `>50` 51. What holds below a number begins to hold at 0, when upvotes are first known.
    """
    return frozenset(number for leaf in leaves(query) if isinstance(leaf, tree.Upvotes) for number in _turns(leaf))


def _turns(bound: tree.Upvotes) -> tuple[int, ...]:
    match bound.sign:
        case ">=":
            return (bound.number,)
        case ">":
            return (bound.number + 1,)
        case "<":
            return (0, bound.number)
        case "<=":
            return (0, bound.number + 1)
        case _:
            return (bound.number, bound.number + 1)
