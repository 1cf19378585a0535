"""Leaves: what a word or a phrase means behind each field, and what a field refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches

from notifier.errors import QueryError
from notifier.queries import tree
from notifier.queries.lexer import Lexeme, LexemeKind
from notifier.queries.tree import Field, Leaf
from notifier.text.words import fold, stem, words

SHORTEST_PREFIX = 3  # characters

_FIELDS = {
    **{field.value: field for field in Field},
    "ti": Field.TITLE,
    "intitle": Field.TITLE,
    "abs": Field.ABSTRACT,
    "au": Field.AUTHOR,
    "cat": Field.CATEGORY,
}
_CATEGORY = re.compile(r"\w(?:[\w .&/+-]*\w)?")
_UPVOTES = re.compile(r"(>=|>|<=|<|=)\s*([0-9]{1,9})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def field_named(lexeme: Lexeme) -> Field:
    """The field of that name, in any case; raises QueryError where there is none."""
    name = lexeme.text.lower()
    if name in _FIELDS:
        return _FIELDS[name]
    near = get_close_matches(name, _FIELDS, n=1)
    guess = f"did you mean {near[0]}:, or else " if near else ""
    cure = f"{guess}put it in quotes to search for the words"
    raise QueryError(f"there is no field {lexeme.text}:; {cure}", lexeme.column)


def leaf(field: Field | None, value: Lexeme) -> Leaf:
    """What a word or a phrase means behind that field, or behind none; raises QueryError where it means nothing."""
    read = _READERS.get(field)
    return read(value) if read else _text(field, value)


def category_name(category: str) -> str:
    """A category as categories are compared: folded, with single spaces."""
    return " ".join(fold(category).split())


def label(name: str) -> str:
    """A topic's slug or a source's name as they are compared: its words joined by hyphens."""
    return "-".join(words(name))


def _text(field: Field | None, value: Lexeme) -> Leaf:
    if _has_star(value):
        return tree.Prefix(_start(value), field)
    found = _words(value)
    if field is Field.AUTHOR:
        return tree.AuthorName(tuple(sorted(found)))
    if len(found) == 1 and value.kind is LexemeKind.WORD:
        return tree.Word(stem(found[0]), field)
    return tree.Phrase(tuple(found), field)


def _has_star(value: Lexeme) -> bool:
    return value.kind is LexemeKind.WORD and value.text.endswith("*")


def _words(value: Lexeme) -> list[str]:
    found = words(value.text)
    if not found:
        raise QueryError(f'there is no letter or digit in "{value.text}"; leave it out', value.column)
    return found


def _start(value: Lexeme) -> str:
    found = _words(value)
    if len(found) > 1:
        raise QueryError("a * ends one word only; write the last word alone, or quote all without *", value.column)
    if len(found[0]) < SHORTEST_PREFIX:
        raise QueryError(
            f"a * needs {SHORTEST_PREFIX} letters or digits before it; write more of the word", value.column
        )
    return found[0]


def _category(value: Lexeme) -> str:
    name = category_name(value.text).removesuffix(".*")
    if not _CATEGORY.fullmatch(name):
        raise QueryError("category: takes a category such as cs.LG, or an archive such as cs", value.column)
    return name


def _label(field: Field, value: Lexeme) -> str:
    if _has_star(value):
        raise QueryError(f"{field}: takes a whole name; write it without *", value.column)
    return "-".join(_words(value))


def _upvotes(value: Lexeme) -> tuple[str, int]:
    bound = _UPVOTES.fullmatch(value.text.strip())
    if not bound:
        raise QueryError("upvotes: takes >=, >, <=, < or = and a whole number, as in upvotes:>=50", value.column)
    return bound[1], int(bound[2])


def _day(field: Field, value: Lexeme) -> date:
    text = value.text.strip()
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise QueryError(f"{field}: takes a day of the calendar, as in {field}:2026-01-31", value.column) from None


_READERS: dict[Field | None, Callable[[Lexeme], Leaf]] = {
    Field.CATEGORY: lambda value: tree.Category(_category(value)),
    Field.TOPIC: lambda value: tree.TopicTag(_label(Field.TOPIC, value)),
    Field.SOURCE: lambda value: tree.SourceName(_label(Field.SOURCE, value)),
    Field.UPVOTES: lambda value: tree.Upvotes(*_upvotes(value)),
    Field.AFTER: lambda value: tree.After(_day(Field.AFTER, value)),
    Field.BEFORE: lambda value: tree.Before(_day(Field.BEFORE, value)),
}
