"""Write the canonical form of a query.

Queries that differ only in how they are written have the same canonical form. It is itself a valid query.
"""

from __future__ import annotations

from notifier.queries.tree import And, Not, Or, Query


def canonical(query: Query) -> str:
    """Return the canonical form of a query.

    The result is a valid query that parses to an equal tree, and equal trees have equal canonical forms.
    """
    match query:
        case Or(operands):
            return " OR ".join(sorted(canonical(operand) for operand in operands))
        case And(operands):
            return " ".join(sorted(_operand_text(operand, Or) for operand in operands))
        case Not(operand):
            return "-" + _operand_text(operand, Or, And)
        case leaf:
            return str(leaf)


def _operand_text(operand: Query, *in_parentheses: type[And] | type[Or]) -> str:
    """Return the canonical form of an operand, in parentheses if it is of one of the given types."""
    text = canonical(operand)
    return f"({text})" if isinstance(operand, in_parentheses) else text
