"""Make the leaves of a query from words, phrases and fields, and refuse the values that a field cannot have."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches

from notifier.errors import QueryError
from notifier.queries import tree
from notifier.queries.foreign import refuse_foreign
from notifier.queries.lexer import Lexeme, LexemeKind
from notifier.queries.tree import FIELD_NAMES, Field, Leaf
from notifier.text.spellings import sequence_words, single_prefix, single_word
from notifier.text.words import fold, stem, words

MIN_PREFIX_LENGTH = 3  # characters

_CATEGORY = re.compile(r"\w(?:[\w .&/+-]*\w)?")
_BOUND = re.compile(r"(>=|>|<=|<|=)\s*([0-9]{1,9})")
# An arXiv id, whose version is left out, or another key of a paper.
_KEY = re.compile(r"([0-9]{4}\.[0-9]{4,5})v[0-9]{1,3}|([a-z0-9][a-z0-9./-]{0,63})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def field_named(lexeme: Lexeme) -> Field:
    """Return the field that a FIELD lexeme names, in upper or lower case.

    Raises QueryError if there is no such field.
    """
    name = lexeme.text.lower()
    if name in FIELD_NAMES:
        return FIELD_NAMES[name]
    near = get_close_matches(name, FIELD_NAMES, n=1)
    suggestion = f" (did you mean {near[0]}:?)" if near else ""
    cure = "to search for the words themselves, put them in quotation marks"
    raise QueryError(f"there is no field {lexeme.text}:{suggestion}; {cure}", lexeme.column)


def make_leaf(field: Field | None, value: Lexeme) -> Leaf:
    """Return the leaf for a word or phrase that follows `field`, or that follows no field.

    Raises QueryError if the field cannot have this value.
    """
    make = _LEAF_MAKERS.get(field)
    return make(value) if make else _text_leaf(field, value)


def category_name(category: str) -> str:
    """Return a category in the form in which categories are compared: folded, with single spaces."""
    return " ".join(fold(category).split())


def label(name: str) -> str:
    """Return a topic's slug or a source's name in the form in which they are compared: words joined by hyphens."""
    return "-".join(words(name))


def _text_leaf(field: Field | None, value: Lexeme) -> Leaf:
    """Return the leaf that searches texts: title, abstract, keywords or authors."""
    refuse_foreign(value)
    if _ends_in_star(value):
        return tree.Prefix(_prefix(value), field)
    if field is Field.AUTHOR:
        return tree.AuthorName(tuple(sorted(_words(value))))
    sequence = _words(value, sequence_words)
    if value.kind is LexemeKind.WORD and (word := single_word(sequence)):
        return tree.Word(stem(word), field)
    return tree.Phrase(tuple(sequence), field)


def _ends_in_star(value: Lexeme) -> bool:
    return value.kind is LexemeKind.WORD and value.text.endswith("*")


def _words(value: Lexeme, words_of: Callable[[str], list[str]] = words) -> list[str]:
    """Return the folded words of a lexeme; raise QueryError if there are none."""
    found = words_of(value.text)
    if not found:
        raise QueryError(f'there is no letter or digit in "{value.text}"; leave it out', value.column)
    return found


def _prefix(value: Lexeme) -> str:
    found = _words(value)
    start = single_prefix(found)
    if start is None:
        cure = "write the last word alone with *, or put all words in quotation marks without *"
        raise QueryError(f'* can end only a single word, but "{value.text}" is several words; {cure}', value.column)
    if len(start) < MIN_PREFIX_LENGTH:
        needed = f"at least {MIN_PREFIX_LENGTH} letters or digits"
        raise QueryError(f"* needs {needed} before it; write more of the word", value.column)
    return start


def _category(value: Lexeme) -> str:
    name = category_name(value.text).removesuffix(".*")
    if not _CATEGORY.fullmatch(name):
        examples = "category:cs.LG or category:cs"
        raise QueryError(f"category: needs a category or an archive; write for example {examples}", value.column)
    return name


def _label(field: Field, value: Lexeme) -> str:
    if _ends_in_star(value):
        raise QueryError(f"{field}: needs a whole name; write the name without *", value.column)
    return "-".join(_words(value))


def _bound(field: Field, example: str, value: Lexeme) -> tuple[str, int]:
    """Return the sign and the number of a bound on a count, such as the upvotes."""
    bound = _BOUND.fullmatch(value.text.strip())
    if not bound:
        needed = "one of >=, >, <=, < and =, and a whole number of at most 9 digits"
        raise QueryError(f"{field}: needs {needed}; write for example {field}:{example}", value.column)
    return bound[1], int(bound[2])


def paper_key(text: str) -> str | None:
    """Return the key of a paper in the form in which keys are compared; None if the text cannot be one."""
    found = _KEY.fullmatch(text.strip().lower())
    return (found[1] or found[2]) if found else None


def _paper_key(value: Lexeme) -> str:
    key = paper_key(value.text)
    if key is None:
        needed = "the key of a paper, which is the end of the address of its page"
        raise QueryError(f"like: needs {needed}; write for example like:2601.12345", value.column)
    return key


def _day(field: Field, value: Lexeme) -> date:
    text = value.text.strip()
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        example = f"{field}:2026-01-31"
        raise QueryError(f"{field}: needs a day of the calendar; write for example {example}", value.column) from None


_LEAF_MAKERS: dict[Field | None, Callable[[Lexeme], Leaf]] = {
    Field.CATEGORY: lambda value: tree.Category(_category(value)),
    Field.TOPIC: lambda value: tree.TopicTag(_label(Field.TOPIC, value)),
    Field.SOURCE: lambda value: tree.SourceName(_label(Field.SOURCE, value)),
    Field.UPVOTES: lambda value: tree.Upvotes(*_bound(Field.UPVOTES, ">=50", value)),
    Field.VOTES: lambda value: tree.Votes(*_bound(Field.VOTES, ">=3", value)),
    Field.AFTER: lambda value: tree.After(_day(Field.AFTER, value)),
    Field.BEFORE: lambda value: tree.Before(_day(Field.BEFORE, value)),
    Field.LIKE: lambda value: tree.Like(_paper_key(value)),
}
