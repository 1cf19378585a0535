"""The canonical form: one text for all queries that differ only in how they are written."""

from __future__ import annotations

from notifier.queries.tree import And, Not, Or, Query


def canonical(query: Query) -> str:
    """The query as a valid query that parses to the same tree; equal trees have equal texts."""
    match query:
        case Or(operands):
            return " OR ".join(sorted(canonical(operand) for operand in operands))
        case And(operands):
            return " ".join(sorted(_within(operand, Or) for operand in operands))
        case Not(operand):
            return "-" + _within(operand, Or, And)
        case leaf:
            return str(leaf)


def _within(operand: Query, *binding_looser: type[And] | type[Or]) -> str:
    text = canonical(operand)
    return f"({text})" if isinstance(operand, binding_looser) else text
