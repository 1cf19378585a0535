"""The tree of a query: leaves, joined by AND, OR and NOT.

Queries that differ only in the order, repetition or grouping of operands have equal trees. `str(leaf)` is the canonical
form of a leaf.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from notifier.text.words import shortest_word


class Field(StrEnum):
    """A field of papers that a leaf may be restricted to; the value is its name in the query language.

    A leaf without a field looks in title and abstract.
    """

    TITLE = "title"
    ABSTRACT = "abstract"
    KEYWORD = "keyword"
    AUTHOR = "author"
    CATEGORY = "category"
    TOPIC = "topic"
    SOURCE = "source"
    UPVOTES = "upvotes"
    VOTES = "votes"
    AFTER = "after"
    BEFORE = "before"
    LIKE = "like"


FIELD_NAMES = {
    **{field.value: field for field in Field},
    "ti": Field.TITLE,
    "intitle": Field.TITLE,
    "abs": Field.ABSTRACT,
    "au": Field.AUTHOR,
    "cat": Field.CATEGORY,
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any inflection; `field` is TITLE, ABSTRACT or KEYWORD, or None for title or abstract."""

    stem: str
    field: Field | None = None

    def __str__(self) -> str:
        return _with_field(self.field, shortest_word(self.stem))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Exact folded words in sequence, within one text; `field` is as for Word.

    Each keyword of a paper is a text of its own.
    """

    words: tuple[str, ...]
    field: Field | None = None

    def __str__(self) -> str:
        return _with_field(self.field, _quoted(*self.words))


@dataclass(frozen=True, slots=True)
class Prefix:
    """Any folded word that begins with `start`; `field` is as for Word, or AUTHOR."""

    start: str
    field: Field | None = None

    def __str__(self) -> str:
        return _with_field(self.field, f"{self.start}*")


@dataclass(frozen=True, slots=True)
class AuthorName:
    """An author whose name has all these words, in any order; a single letter matches any word that begins with it."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return _with_field(Field.AUTHOR, _quoted(*self.words))


@dataclass(frozen=True, slots=True)
class Category:
    """A category such as `cs.lg`, or an archive such as `cs` with all of its categories."""

    name: str

    def __str__(self) -> str:
        return _with_field(Field.CATEGORY, _quoted(self.name))


@dataclass(frozen=True, slots=True)
class TopicTag:
    """A topic that the paper must be tagged with."""

    slug: str

    def __str__(self) -> str:
        return _with_field(Field.TOPIC, self.slug)


@dataclass(frozen=True, slots=True)
class SourceName:
    """The source that the paper must come from."""

    name: str

    def __str__(self) -> str:
        return _with_field(Field.SOURCE, self.name)


@dataclass(frozen=True, slots=True)
class Upvotes:
    """A bound on the upvotes, with the sign `>=`, `>`, `<=`, `<` or `=`; unknown upvotes satisfy no bound."""

    sign: str
    number: int

    def __str__(self) -> str:
        return _with_field(Field.UPVOTES, f"{self.sign}{self.number}")


@dataclass(frozen=True, slots=True)
class Votes:
    """A bound on the votes of this service's subscribers, with a sign as for Upvotes.

    The number of votes is always known: a paper that nobody has voted for has 0.
    """

    sign: str
    number: int

    def __str__(self) -> str:
        return _with_field(Field.VOTES, f"{self.sign}{self.number}")


@dataclass(frozen=True, slots=True)
class After:
    """A paper that was first listed on `day` or later."""

    day: date

    def __str__(self) -> str:
        return _with_field(Field.AFTER, f"{self.day}")


@dataclass(frozen=True, slots=True)
class Before:
    """A paper that was first listed before `day`."""

    day: date

    def __str__(self) -> str:
        return _with_field(Field.BEFORE, f"{self.day}")


@dataclass(frozen=True, slots=True)
class Like:
    """A paper that is similar to the paper with this key.

    `near` holds the ids of the papers of which this is true. It is empty until `with_near` fills it in, because only
    the stored papers can tell.
    """

    key: str
    near: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return _with_field(Field.LIKE, self.key)


def _with_field(field: Field | None, value: str) -> str:
    return f"{field}:{value}" if field else value


def _quoted(*words: str) -> str:
    return f'"{" ".join(words)}"'


Leaf = Word | Phrase | Prefix | AuthorName | Category | TopicTag | SourceName | Upvotes | Votes | After | Before | Like


@dataclass(frozen=True, slots=True)
class Not:
    """A query that is true if its operand is false; the operand is never a Not."""

    operand: Query


@dataclass(frozen=True, slots=True)
class And:
    """A query that is true if all of its operands are; there are two or more, and none is an And."""

    operands: frozenset[Query]


@dataclass(frozen=True, slots=True)
class Or:
    """A query that is true if at least one of its operands is; there are two or more, and none is an Or."""

    operands: frozenset[Query]


Query = Leaf | Not | And | Or


def negation(operand: Query) -> Query:
    """Return NOT over the operand; two NOTs cancel each other."""
    return operand.operand if isinstance(operand, Not) else Not(operand)


def all_of(operands: Iterable[Query]) -> Query:
    """Join one or more operands by AND; an operand that is itself an And is replaced by its operands."""
    return _flattened(And, operands)


def any_of(operands: Iterable[Query]) -> Query:
    """Join one or more operands by OR; an operand that is itself an Or is replaced by its operands."""
    return _flattened(Or, operands)


def _flattened(kind: type[And] | type[Or], operands: Iterable[Query]) -> Query:
    flat: set[Query] = set()
    for operand in operands:
        flat |= operand.operands if isinstance(operand, kind) else {operand}
    return kind(frozenset(flat)) if len(flat) > 1 else flat.pop()


def leaves(query: Query) -> Iterator[Leaf]:
    """Yield every leaf of a query, in no particular order."""
    match query:
        case Not(operand):
            yield from leaves(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from leaves(operand)
        case _:
            yield query


def topics_named(query: Query) -> frozenset[str]:
    """Return the slugs of the topics that a query names."""
    return frozenset(leaf.slug for leaf in leaves(query) if isinstance(leaf, TopicTag))


def papers_named(query: Query) -> frozenset[str]:
    """Return the keys of the papers that a query asks for similar ones of."""
    return frozenset(leaf.key for leaf in leaves(query) if isinstance(leaf, Like))


def with_near(query: Query, near: Mapping[str, frozenset[int]]) -> Query:
    """Return the query with the ids of similar papers filled in; `near` gives them by the key of the named paper."""
    match query:
        case Not(operand):
            return Not(with_near(operand, near))
        case And(operands):
            return And(frozenset(with_near(each, near) for each in operands))
        case Or(operands):
            return Or(frozenset(with_near(each, near) for each in operands))
        case Like(key):
            return Like(key, near.get(key, frozenset()))
        case leaf:
            return leaf
