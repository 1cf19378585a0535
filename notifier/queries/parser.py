"""The grammar, by recursive descent.

    query = all *( OR all )
    all   = one *( [ AND ] one )
    one   = *NOT [ FIELD ] ( WORD / PHRASE / "(" query ")" )

A field holds for all leaves within, but for those that have their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.errors import QueryError
from notifier.queries.canonical import canonical
from notifier.queries.leaves import field_named, leaf
from notifier.queries.lexer import LONGEST, Lexeme, LexemeKind, lex
from notifier.queries.tree import Field, Query, all_of, any_of, negation

MOST_LEAVES = 32
DEEPEST = 8  # parentheses within parentheses

_OPERANDS = (LexemeKind.WORD, LexemeKind.PHRASE, LexemeKind.OPEN, LexemeKind.FIELD, LexemeKind.NOT)


def parse(text: str, *, topics_allowed: bool = True) -> Query:
    """The tree of a query as it was typed; `topics_allowed` is whether it may use `topic:`.

    Raises QueryError, with the column, for whatever the language refuses.
    """
    clause = _Parser(lex(text), topics_allowed).whole()
    if clause.negative_at:
        raise QueryError("this asks only what a paper must not be; add a word that it must have", clause.negative_at)
    if len(canonical(clause.query)) > LONGEST:
        raise QueryError(f"written out in full this is over {LONGEST:,} characters; make two queries of it", 1)
    return clause.query


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of the query, and the column of the NOT that makes it true where none of its leaves is, if one does."""

    query: Query
    negative_at: int | None


class _Parser:
    """A place in the lexemes, and how many leaves lie before it."""

    def __init__(self, lexemes: Sequence[Lexeme], topics_allowed: bool) -> None:
        self._lexemes = lexemes
        self._topics_allowed = topics_allowed
        self._place = 0
        self._leaves = 0

    def whole(self) -> _Clause:
        clause = self._query(None, 0)
        if self._next.kind is LexemeKind.CLOSE:
            raise _misplaced(self._next, None)
        return clause

    @property
    def _next(self) -> Lexeme:
        return self._lexemes[self._place]

    def _take(self, *kinds: LexemeKind) -> Lexeme | None:
        lexeme = self._next
        if lexeme.kind not in kinds:
            return None
        self._place += 1
        return lexeme

    def _query(self, field: Field | None, depth: int) -> _Clause:
        operands = [self._all(field, depth)]
        while self._take(LexemeKind.OR):
            operands.append(self._all(field, depth))
        negatives = [operand.negative_at for operand in operands if operand.negative_at]
        return _Clause(any_of(operand.query for operand in operands), negatives[0] if negatives else None)

    def _all(self, field: Field | None, depth: int) -> _Clause:
        operands = [self._one(field, depth)]
        while self._take(LexemeKind.AND) or self._next.kind in _OPERANDS:
            operands.append(self._one(field, depth))
        all_negative = all(operand.negative_at for operand in operands)
        return _Clause(all_of(operand.query for operand in operands), operands[0].negative_at if all_negative else None)

    def _one(self, field: Field | None, depth: int) -> _Clause:
        column = self._next.column
        negated = False
        while self._take(LexemeKind.NOT):
            negated = not negated
        clause = self._operand(field, depth)
        if not negated:
            return clause
        return _Clause(negation(clause.query), None if clause.negative_at else column)

    def _operand(self, field: Field | None, depth: int) -> _Clause:
        if named := self._take(LexemeKind.FIELD):
            field = self._field(named)
        if opening := self._take(LexemeKind.OPEN):
            return self._group(opening, field, depth + 1)
        if value := self._take(LexemeKind.WORD, LexemeKind.PHRASE):
            return self._leaf(field, value)
        raise _misplaced(self._next, self._lexemes[self._place - 1] if self._place else None)

    def _field(self, named: Lexeme) -> Field:
        field = field_named(named)
        if field is Field.TOPIC and not self._topics_allowed:
            raise QueryError("a topic's own query cannot use topic:; repeat the other topic's query here", named.column)
        return field

    def _group(self, opening: Lexeme, field: Field | None, depth: int) -> _Clause:
        if depth > DEEPEST:
            raise QueryError(f"parentheses go at most {DEEPEST} deep; take this pair out", opening.column)
        clause = self._query(field, depth)
        if not self._take(LexemeKind.CLOSE):
            raise _unclosed(opening)
        return clause

    def _leaf(self, field: Field | None, value: Lexeme) -> _Clause:
        self._leaves += 1
        if self._leaves > MOST_LEAVES:
            raise QueryError(
                f"a query has at most {MOST_LEAVES} words and phrases; make two queries of it", value.column
            )
        return _Clause(leaf(field, value), None)


def _misplaced(lexeme: Lexeme, previous: Lexeme | None) -> QueryError:
    """Why a word was wanted where this lexeme stands, said about the one at fault."""
    if previous and previous.kind in (LexemeKind.AND, LexemeKind.OR, LexemeKind.NOT, LexemeKind.FIELD):
        sign = f"{previous.text}:" if previous.kind is LexemeKind.FIELD else previous.text
        return QueryError(f"{sign} needs a word, a phrase or a parenthesis directly after it", previous.column)
    if lexeme.kind is LexemeKind.CLOSE and previous:
        return QueryError("there is nothing in these parentheses; leave them out", previous.column)
    if lexeme.kind is LexemeKind.CLOSE:
        return QueryError("this parenthesis closes none; leave it out, or open one before", lexeme.column)
    if lexeme.kind is LexemeKind.END and previous:
        return _unclosed(previous)
    return QueryError(f"{lexeme.text} needs a word before it; put it in quotes to search for the word", lexeme.column)


def _unclosed(opening: Lexeme) -> QueryError:
    return QueryError("this parenthesis is never closed; add the missing )", opening.column)
