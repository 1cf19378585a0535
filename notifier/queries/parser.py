"""Parse queries by recursive descent.

    query       = conjunction *( OR conjunction )
    conjunction = term *( [ AND ] term )
    term        = *NOT operand
    operand     = [ FIELD ] ( WORD / PHRASE / "(" query ")" )

A field before a parenthesis applies to all leaves inside, except to those that have a field of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from notifier.errors import QueryError
from notifier.queries.canonical import canonical
from notifier.queries.foreign import is_field_alone
from notifier.queries.leaves import field_named, make_leaf
from notifier.queries.lexer import MAX_QUERY_LENGTH, MAX_TOPIC_QUERY_LENGTH, Lexeme, LexemeKind, lex
from notifier.queries.tree import And, Field, Or, Query, all_of, any_of, negation
from notifier.queries.typed import InField, Typed, excluded, joined

MAX_LEAVES = 32
# A topic's own query is matched once for all its subscribers, so it may be longer than a subscriber's query.
MAX_TOPIC_LEAVES = 160
MAX_DEPTH = 8  # parentheses within parentheses

_TERM_STARTS = (LexemeKind.WORD, LexemeKind.PHRASE, LexemeKind.OPEN, LexemeKind.FIELD, LexemeKind.NOT)


def parse(text: str, *, topics_allowed: bool = True) -> Query:
    """Parse the text of a query into its tree.

    `topics_allowed` says whether the query may use `topic:` and `like:`. A topic's own query may not, and may be longer
    than other queries. Raises QueryError, with the column of the mistake, if the language refuses the query.
    """
    max_length = MAX_QUERY_LENGTH if topics_allowed else MAX_TOPIC_QUERY_LENGTH
    clause = _Parser(lex(text, max_length), topics_allowed).parse()
    if clause.negative_at:
        message = "this part of the query only excludes papers; add a word that a paper must contain"
        raise QueryError(message, clause.negative_at)
    if len(canonical(clause.query)) > max_length:
        length = f"over {max_length:,} characters"
        raise QueryError(f"written out in full, this query has {length}; split it into two", 1)
    return clause.query


def parse_as_typed(text: str, *, topics_allowed: bool = True) -> Typed:
    """Parse a query into a tree that keeps the spelling. The query must be one that `parse` accepts.

    `topics_allowed` is as in `parse`. Raises QueryError if the syntax of the text is not that of a query.
    """
    max_length = MAX_QUERY_LENGTH if topics_allowed else MAX_TOPIC_QUERY_LENGTH
    return _Parser(lex(text, max_length), topics_allowed).parse().typed


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of the query, the same part as it was typed, and whether it is negative.

    A clause is negative if it matches some paper that none of its leaves matches. Examples are `-survey` and
    `model OR -survey`. `negative_at` is the column of the NOT that causes this, or None if the clause is not negative.
    """

    query: Query
    typed: Typed
    negative_at: int | None


class _Parser:
    """The state of parsing: the position in the lexemes, and the number of leaves before it."""

    def __init__(self, lexemes: Sequence[Lexeme], topics_allowed: bool) -> None:
        self._lexemes = lexemes
        self._topics_allowed = topics_allowed
        self._position = 0
        self._leaf_count = 0

    def parse(self) -> _Clause:
        """Parse all lexemes as one query."""
        clause = self._query(None, 0)
        if self._next.kind is LexemeKind.CLOSE:
            raise _misplaced(self._next, None)
        return clause

    @property
    def _next(self) -> Lexeme:
        return self._lexemes[self._position]

    def _accept(self, *kinds: LexemeKind) -> Lexeme | None:
        """Return the next lexeme and step past it if it is of one of the kinds; otherwise return None."""
        lexeme = self._next
        if lexeme.kind not in kinds:
            return None
        self._position += 1
        return lexeme

    def _query(self, field: Field | None, depth: int) -> _Clause:
        """Parse conjunctions that are joined by OR; the clause is negative if any of them is."""
        conjunctions = [self._conjunction(field, depth)]
        while self._accept(LexemeKind.OR):
            conjunctions.append(self._conjunction(field, depth))
        negatives = [each.negative_at for each in conjunctions if each.negative_at]
        return _Clause(
            any_of(each.query for each in conjunctions),
            joined(Or, (each.typed for each in conjunctions)),
            negatives[0] if negatives else None,
        )

    def _conjunction(self, field: Field | None, depth: int) -> _Clause:
        """Parse terms that are joined by AND; the clause is negative if all of them are."""
        terms = [self._term(field, depth)]
        while self._accept(LexemeKind.AND) or self._next.kind in _TERM_STARTS:
            terms.append(self._term(field, depth))
        all_negative = all(term.negative_at for term in terms)
        return _Clause(
            all_of(term.query for term in terms),
            joined(And, (term.typed for term in terms)),
            terms[0].negative_at if all_negative else None,
        )

    def _term(self, field: Field | None, depth: int) -> _Clause:
        """Parse an operand and the NOTs before it.

        An odd number of NOTs makes a negative clause positive, and a positive one negative.
        """
        column = self._next.column
        negated = False
        while self._accept(LexemeKind.NOT):
            negated = not negated
        clause = self._operand(field, depth)
        if not negated:
            return clause
        return _Clause(negation(clause.query), excluded(clause.typed), None if clause.negative_at else column)

    def _operand(self, field: Field | None, depth: int) -> _Clause:
        if name := self._accept(LexemeKind.FIELD):
            own_field = self._field(name)
            clause = self._value(own_field, depth)
            return replace(clause, typed=InField(own_field, clause.typed))
        return self._value(field, depth)

    def _value(self, field: Field | None, depth: int) -> _Clause:
        if opening := self._accept(LexemeKind.OPEN):
            return self._group(opening, field, depth + 1)
        if value := self._accept(LexemeKind.WORD, LexemeKind.PHRASE):
            return self._leaf(field, value)
        raise _misplaced(self._next, self._lexemes[self._position - 1] if self._position else None)

    def _field(self, name: Lexeme) -> Field:
        field = field_named(name)
        if field is Field.TOPIC and not self._topics_allowed:
            cure = "copy the other topic's query here instead"
            raise QueryError(f"a topic's own query cannot use topic:; {cure}", name.column)
        if field is Field.LIKE and not self._topics_allowed:
            cure = "name the words of these papers instead"
            raise QueryError(f"a topic's own query cannot use like:; {cure}", name.column)
        return field

    def _group(self, opening: Lexeme, field: Field | None, depth: int) -> _Clause:
        if depth > MAX_DEPTH:
            raise QueryError(f"parentheses may be nested at most {MAX_DEPTH} deep; remove this pair", opening.column)
        clause = self._query(field, depth)
        if not self._accept(LexemeKind.CLOSE):
            raise _unclosed(opening)
        return clause

    def _leaf(self, field: Field | None, value: Lexeme) -> _Clause:
        self._leaf_count += 1
        max_leaves = MAX_LEAVES if self._topics_allowed else MAX_TOPIC_LEAVES
        if self._leaf_count > max_leaves:
            limit = f"at most {max_leaves} words and phrases"
            raise QueryError(f"a query may have {limit}; split it into two queries", value.column)
        if is_field_alone(value) and self._next.kind not in _TERM_STARTS:
            raise QueryError(f"{value.text} needs a word, a phrase or a parenthesis directly after it", value.column)
        return _Clause(make_leaf(field, value), value, None)


def _misplaced(lexeme: Lexeme, previous: Lexeme | None) -> QueryError:
    """Return the error for a lexeme that is not allowed at its position.

    The error is about `previous`, the lexeme before it, if that is an operator, a field, or the opening parenthesis of
    a pair that is empty or never closed.
    """
    if previous and previous.kind in (LexemeKind.AND, LexemeKind.OR, LexemeKind.NOT, LexemeKind.FIELD):
        sign = f"{previous.text}:" if previous.kind is LexemeKind.FIELD else previous.text
        needed = "a word, a phrase or a parenthesis directly after it"
        return QueryError(f"{sign} needs {needed}; add one, or remove {sign}", previous.column)
    if lexeme.kind is LexemeKind.CLOSE and previous:
        return QueryError("these parentheses are empty; remove them", previous.column)
    if lexeme.kind is LexemeKind.CLOSE:
        return QueryError("this closing parenthesis has no opening one; remove it, or add the missing (", lexeme.column)
    if lexeme.kind is LexemeKind.END and previous:
        return _unclosed(previous)
    cure = "add one, or put the operator in quotation marks to search for it as a word"
    return QueryError(f"{lexeme.text} needs a word before it; {cure}", lexeme.column)


def _unclosed(opening: Lexeme) -> QueryError:
    return QueryError("this parenthesis is never closed; add the missing )", opening.column)
