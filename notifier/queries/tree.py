"""The tree of a query: leaves, and AND, OR and NOT over them.

Two queries that differ only in the order, repetition or grouping of operands are equal trees. The text of a leaf is its
canonical form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from notifier.text.words import shortest_word


class Field(StrEnum):
    """What a leaf looks at, where it is not title or abstract; the value is how the language spells it."""

    TITLE = "title"
    ABSTRACT = "abstract"
    KEYWORD = "keyword"
    AUTHOR = "author"
    CATEGORY = "category"
    TOPIC = "topic"
    SOURCE = "source"
    UPVOTES = "upvotes"
    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Word:
    """Any inflection of a word; `field` is TITLE, ABSTRACT, KEYWORD, or None for title or abstract."""

    stem: str
    field: Field | None = None

    def __str__(self) -> str:
        return _bound(self.field, shortest_word(self.stem))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Exact folded words in sequence; `field` as for Word, and one keyword is one field."""

    words: tuple[str, ...]
    field: Field | None = None

    def __str__(self) -> str:
        return _bound(self.field, _quoted(*self.words))


@dataclass(frozen=True, slots=True)
class Prefix:
    """Any folded word that begins so; `field` as for Word, or AUTHOR."""

    start: str
    field: Field | None = None

    def __str__(self) -> str:
        return _bound(self.field, f"{self.start}*")


@dataclass(frozen=True, slots=True)
class AuthorName:
    """An author whose name has all these words, in any order; a single letter stands for a word that begins so."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return _bound(Field.AUTHOR, _quoted(*self.words))


@dataclass(frozen=True, slots=True)
class Category:
    """A category, or an archive with all categories in it."""

    name: str

    def __str__(self) -> str:
        return _bound(Field.CATEGORY, _quoted(self.name))


@dataclass(frozen=True, slots=True)
class TopicTag:
    """A topic that the paper is tagged with."""

    slug: str

    def __str__(self) -> str:
        return _bound(Field.TOPIC, self.slug)


@dataclass(frozen=True, slots=True)
class SourceName:
    """Where the paper came from."""

    name: str

    def __str__(self) -> str:
        return _bound(Field.SOURCE, self.name)


@dataclass(frozen=True, slots=True)
class Upvotes:
    """A bound on the upvotes, by `>=`, `>`, `<=`, `<` or `=`; unknown upvotes are within none."""

    sign: str
    number: int

    def __str__(self) -> str:
        return _bound(Field.UPVOTES, f"{self.sign}{self.number}")


@dataclass(frozen=True, slots=True)
class After:
    """First listed on that day or later."""

    day: date

    def __str__(self) -> str:
        return _bound(Field.AFTER, f"{self.day}")


@dataclass(frozen=True, slots=True)
class Before:
    """First listed earlier than that day."""

    day: date

    def __str__(self) -> str:
        return _bound(Field.BEFORE, f"{self.day}")


def _bound(field: Field | None, value: str) -> str:
    return f"{field}:{value}" if field else value


def _quoted(*words: str) -> str:
    return f'"{" ".join(words)}"'


Leaf = Word | Phrase | Prefix | AuthorName | Category | TopicTag | SourceName | Upvotes | After | Before


@dataclass(frozen=True, slots=True)
class Not:
    """True where its operand, which is no Not, is false."""

    operand: Query


@dataclass(frozen=True, slots=True)
class And:
    """True where all of its operands are: two or more, none of them an And."""

    operands: frozenset[Query]


@dataclass(frozen=True, slots=True)
class Or:
    """True where one of its operands is: two or more, none of them an Or."""

    operands: frozenset[Query]


Query = Leaf | Not | And | Or


def negation(operand: Query) -> Query:
    """NOT, where two of them cancel each other."""
    return operand.operand if isinstance(operand, Not) else Not(operand)


def all_of(operands: Iterable[Query]) -> Query:
    """AND over one or more operands, flat."""
    return _joined(And, operands)


def any_of(operands: Iterable[Query]) -> Query:
    """OR over one or more operands, flat."""
    return _joined(Or, operands)


def _joined(kind: type[And] | type[Or], operands: Iterable[Query]) -> Query:
    flat: set[Query] = set()
    for operand in operands:
        flat |= operand.operands if isinstance(operand, kind) else {operand}
    return kind(frozenset(flat)) if len(flat) > 1 else flat.pop()


def leaves(query: Query) -> Iterator[Leaf]:
    """Every leaf of a query, in no particular order."""
    match query:
        case Not(operand):
            yield from leaves(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from leaves(operand)
        case _:
            yield query
