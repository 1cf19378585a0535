"""Declare the conditions by which an index of words finds the papers that a query may match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class TermKind(StrEnum):
    """How the words of a term are found: by their stem, as they are and in sequence, or by their beginning."""

    STEM = "stem"
    PHRASE = "phrase"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Term:
    """Folded words to find in at least one of `fields`; a term of the kind STEM or PREFIX has one word."""

    kind: TermKind
    words: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """The papers that all of `operands` find and none of `excluded`; there is at least one operand."""

    operands: tuple[WordSearch, ...]
    excluded: tuple[WordSearch, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The papers that at least one of the operands finds; there is at least one operand."""

    operands: tuple[WordSearch, ...]


WordSearch = Term | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Proposal:
    """Conditions that are true of every paper that a query matches; None and empty tuples mean no condition.

    `since` and `before` bound the first listing day. `upvotes` and `votes` are bounds, each a sign and a number. The
    paper must have all of `topics`, and for each of `categories` this category or one below it. Its id must be in each
    set of `ids`. `is_exact` is true if the query also matches every paper of which the conditions are true. With
    `has_hidden`, the papers may be hidden.
    """

    words: WordSearch | None = None
    since: date | None = None
    before: date | None = None
    upvotes: tuple[tuple[str, int], ...] = ()
    votes: tuple[tuple[str, int], ...] = ()
    topics: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    ids: tuple[frozenset[int], ...] = ()
    is_exact: bool = True
    has_hidden: bool = False
