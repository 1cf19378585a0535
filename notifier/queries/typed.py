"""A query as it was typed: its words with their spelling, in their order, joined by AND, OR and NOT.

The tree of a query (`tree`) says what the query means, and has lost how it was spelled. This one keeps the spelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from notifier.queries.lexer import Lexeme
from notifier.queries.tree import And, Field, Or


@dataclass(frozen=True, slots=True)
class InField:
    """A word, a phrase or an expression in parentheses that directly follows a field."""

    field: Field
    operand: Typed


@dataclass(frozen=True, slots=True)
class ExcludedOperand:
    """An operand of NOT."""

    operand: Typed


@dataclass(frozen=True, slots=True)
class JoinedOperands:
    """Two or more operands that are joined by AND or by OR. No operand is itself a JoinedOperands by this operator."""

    by: type[And] | type[Or]
    operands: tuple[Typed, ...]


Typed = Lexeme | InField | ExcludedOperand | JoinedOperands


def joined(by: type[And] | type[Or], operands: Iterable[Typed]) -> Typed:
    """Join one or more operands; an operand that the same operator joins is replaced by its operands."""
    flat: list[Typed] = []
    for operand in operands:
        flat += operand.operands if isinstance(operand, JoinedOperands) and operand.by is by else (operand,)
    return JoinedOperands(by, tuple(flat)) if len(flat) > 1 else flat[0]


def excluded(operand: Typed) -> Typed:
    """Return NOT over the operand; two NOTs cancel each other."""
    return operand.operand if isinstance(operand, ExcludedOperand) else ExcludedOperand(operand)
