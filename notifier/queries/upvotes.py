"""Find the upvote counts at which a query may begin or cease to match a paper."""

from __future__ import annotations

from notifier.queries import tree
from notifier.queries.tree import Query, leaves


def upvotes_named(query: Query) -> frozenset[int]:
    """Return the upvote counts at which a paper, as its upvotes grow, may begin or cease to match the query.

    For `upvotes:>=50` that is 50, and for `upvotes:>50` it is 51. For `upvotes:<50` the counts are 0 and 50, because a
    paper whose upvotes are unknown does not match, and one with 0 upvotes does.
    """
    bounds = (leaf for leaf in leaves(query) if isinstance(leaf, tree.Upvotes))
    return frozenset(count for bound in bounds for count in _thresholds(bound))


def _thresholds(bound: tree.Upvotes) -> tuple[int, ...]:
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
