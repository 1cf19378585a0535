"""Write the readable form of a query: what it looks for, in the words that were typed, for headings and lists.

For example, `title:(pruning OR distillation) -survey` is `(pruning or distillation) in the title, not survey`.
Parentheses show the grouping where commas, `and` and `or` do not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from notifier.errors import QueryError, shortened
from notifier.queries import tree
from notifier.queries.leaves import make_leaf
from notifier.queries.lexer import Lexeme, LexemeKind
from notifier.queries.parser import MAX_LEAVES, MAX_TOPIC_LEAVES, parse_as_typed
from notifier.queries.tree import And, Field, Or
from notifier.queries.typed import ExcludedOperand, InField, JoinedOperands, Typed

MAX_READABLE_LENGTH = 80  # characters

_IN_FIELD = {
    Field.TITLE: "{} in the title",
    Field.ABSTRACT: "{} in the abstract",
    Field.KEYWORD: "{} in the keywords",
    Field.AUTHOR: "by {}",
    Field.CATEGORY: "in {}",
    Field.TOPIC: "the topic {}",
    Field.SOURCE: "from {}",
    Field.LIKE: "similar to {}",
}
_BOUNDS = {">=": "at least", ">": "more than", "<=": "at most", "<": "fewer than", "=": "exactly"}
# The mail is in English. strftime would use the language of the machine's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Without quotation marks, these words and signs would be taken for those that this form adds.
_UNCLEAR_ALONE = re.compile(
    r"\b(?:and|or|not)\b|\A(?:by|in|from|since|before|similar to) |,(?!\d)|[()…]", re.IGNORECASE
)


class _Position(IntEnum):
    """The position of an operand among the others, so that `in the title` or `by` is read with its own operand only."""

    FIRST = 0  # ends with a field, such as `in the title`
    MIDDLE = 1
    LATER = 2  # begins with a field, such as `by`, or is a bound, such as `at least 50 upvotes`
    LAST = 3  # is excluded


class _Part(NamedTuple):
    """The readable form of a part of a query, and the operator that joins its operands if there are several."""

    text: str
    position: _Position
    joined_by: type[And] | type[Or] | None = None


@lru_cache(1 << 13)  # many subscribers have the same queries
def readable(text: str) -> str:
    """Return the readable form of a query, on one line of at most MAX_READABLE_LENGTH characters.

    If the query is longer, an ellipsis stands for operands that are left out. A text that is not a query stays as it
    is, because an older version may have accepted it.
    """
    try:
        typed = parse_as_typed(text)
    except QueryError:
        return _cut(_one_line(text))
    whole = _part(typed, None, MAX_LEAVES).text
    return whole if len(whole) <= MAX_READABLE_LENGTH else _with_fewer_operands(typed)


def readable_whole(text: str) -> str:
    """Return the whole readable form of the query of a topic, on one line; what is not a query stays as it is."""
    try:
        typed = parse_as_typed(text, topics_allowed=False)
    except QueryError:
        return _one_line(text)
    return _part(typed, None, MAX_TOPIC_LEAVES).text


def _with_fewer_operands(typed: Typed) -> str:
    """Return the readable form with the largest number of operands per group that fits, but with at least one."""
    most = bisect_right(
        range(1, MAX_LEAVES), MAX_READABLE_LENGTH, key=lambda number: len(_part(typed, None, number).text)
    )
    return _cut(_part(typed, None, max(1, most)).text)


def _cut(text: str) -> str:
    """Return a text without the last words if it is too long, with an ellipsis in their place."""
    if len(text) <= MAX_READABLE_LENGTH:
        return text
    words, _, _ = text[: MAX_READABLE_LENGTH - 1].rpartition(" ")
    return f"{words} …" if words else shortened(text, MAX_READABLE_LENGTH)


def _part(typed: Typed, field: Field | None, most: int) -> _Part:
    """Return the readable form of a part of a query that `field` applies to; at most `most` operands are joined."""
    match typed:
        case InField(own_field, operand):
            return _part_in_field(operand, own_field, most)
        case ExcludedOperand(operand):
            return _Part(f"not {_as_unit(_part(operand, field, most))}", _Position.LAST)
        case JoinedOperands(by, operands):
            parts = sorted((_part(each, field, most) for each in operands), key=lambda part: part.position)
            join = _alternatives if by is Or else _conditions
            return join(list(dict.fromkeys(parts)), most)
        case value:
            return _leaf(value, field)


def _part_in_field(operand: Typed, field: Field, most: int) -> _Part:
    """Return the readable form of an operand that follows a field. The field is named once if that is clear."""
    if field not in _IN_FIELD or _names_field(operand):
        return _part(operand, field, most)
    if isinstance(operand, Lexeme):
        return _leaf(operand, field)
    return _with_field(_as_unit(_part(operand, None, most)), field)


def _names_field(typed: Typed) -> bool:
    """Return whether any operand inside has a field of its own."""
    match typed:
        case InField():
            return True
        case ExcludedOperand(operand):
            return _names_field(operand)
        case JoinedOperands(_, operands):
            return any(map(_names_field, operands))
        case _:
            return False


def _alternatives(parts: Sequence[_Part], most: int) -> _Part:
    """Join parts by `or`."""
    if len(parts) == 1:
        return parts[0]
    shown = [_as_unit(part) for part in parts[:most]]
    return _Part(" or ".join([*shown, *_ellipsis(parts, most)]), _Position.MIDDLE, Or)


def _conditions(parts: Sequence[_Part], most: int) -> _Part:
    """Join parts by `and`, and add with commas those that begin with a field or are excluded."""
    if len(parts) == 1:
        return parts[0]
    wanted = [part for part in parts if part.position <= _Position.MIDDLE]
    shown = [_as_unit(part) for part in wanted[:most]] if len(wanted) > 1 else [part.text for part in wanted]
    added = [part.text for part in parts[len(wanted) : most]]
    commas = ", ".join([*filter(None, [" and ".join(shown)]), *added, *_ellipsis(parts, most)])
    return _Part(commas, _Position.MIDDLE, And)


def _ellipsis(parts: Sequence[_Part], most: int) -> list[str]:
    return ["…"] if len(parts) > most else []


def _as_unit(part: _Part) -> str:
    """Return the text of a part, in parentheses if it consists of several operands."""
    return f"({part.text})" if part.joined_by else part.text


def _leaf(value: Lexeme, field: Field | None) -> _Part:
    if field is None:
        return _Part(_as_typed(value), _Position.MIDDLE)
    match make_leaf(field, value):
        case tree.Upvotes(sign, number) | tree.Votes(sign, number):
            return _Part(
                f"{_BOUNDS[sign]} {number} {field if number != 1 else field.removesuffix('s')}", _Position.LATER
            )
        case tree.After(day):
            return _Part(f"since {day.day} {_MONTHS[day.month - 1]} {day.year}", _Position.LATER)
        case tree.Before(day):
            return _Part(f"before {day.day} {_MONTHS[day.month - 1]} {day.year}", _Position.LATER)
        case tree.Category():
            return _with_field(_one_line(value.text).removesuffix(".*"), field)
        case _:
            return _with_field(_as_typed(value), field)


def _with_field(text: str, field: Field) -> _Part:
    wording = _IN_FIELD[field]
    return _Part(wording.format(text), _Position.FIRST if wording.startswith("{}") else _Position.LATER)


def _as_typed(value: Lexeme) -> str:
    """Return a word or a phrase as it was typed, in quotation marks only if it would be misunderstood without them."""
    text = _one_line(value.text)
    if value.kind is LexemeKind.WORD and text.endswith("*"):
        return text.rstrip("*") + "…"
    text = text.rstrip(",;:.!?") or text
    return f'"{text}"' if _UNCLEAR_ALONE.search(text) else text


def _one_line(text: str) -> str:
    return " ".join(text.split())
