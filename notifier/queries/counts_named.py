"""Find the counts of upvotes and of votes at which a query may begin or cease to match a paper."""

from __future__ import annotations

from notifier.queries import tree
from notifier.queries.tree import Query, leaves


def upvotes_named(query: Query) -> frozenset[int]:
    """Return the upvote counts at which a paper, as its upvotes grow, may begin or cease to match the query.

    For `upvotes:>=50` that is 50, and for `upvotes:>50` it is 51. For `upvotes:<50` the counts are 0 and 50, because a
    paper whose upvotes are unknown does not match, and one with 0 upvotes does.
    """
    bounds = [leaf for leaf in leaves(query) if isinstance(leaf, tree.Upvotes)]
    first_known = {0 for bound in bounds if bound.sign in ("<", "<=")}
    return frozenset(first_known.union(*map(_thresholds, bounds)))


def votes_named(query: Query) -> frozenset[int]:
    """Return the counts of votes, above 0, at which a paper may begin or cease to match the query.

    For `votes:>=3` and for `votes:<3` that is 3. A paper begins with 0 votes.
    """
    bounds = (leaf for leaf in leaves(query) if isinstance(leaf, tree.Votes))
    return frozenset(count for bound in bounds for count in _thresholds(bound) if count > 0)


def _thresholds(bound: tree.Upvotes | tree.Votes) -> tuple[int, ...]:
    """Return the counts at which a growing, known count begins or ceases to fulfil a bound."""
    match bound.sign:
        case ">=" | "<":
            return (bound.number,)
        case ">" | "<=":
            return (bound.number + 1,)
        case _:
            return (bound.number, bound.number + 1)
