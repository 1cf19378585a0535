"""Divide papers into passages: the texts in which words are searched. A phrase matches only within one passage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from notifier.queries.tree import Field


class Matchable(Protocol):
    """The fields that queries may look at, of a stored paper or of one that is still to be stored."""

    @property
    def id(self) -> int | None:
        """The id of a stored paper; None for one that is still to be stored."""

    @property
    def title(self) -> str:
        """The title."""

    @property
    def abstract(self) -> str:
        """The abstract, or an empty string."""

    @property
    def keywords(self) -> Sequence[str]:
        """The keywords; each is a passage."""

    @property
    def authors(self) -> Sequence[str]:
        """The authors' names; each is a passage."""

    @property
    def categories(self) -> Sequence[str]:
        """The categories, such as `cs.LG`."""

    @property
    def topics(self) -> Collection[str]:
        """The slugs of the topics that the paper is tagged with."""

    @property
    def source(self) -> str:
        """The source that the paper came from."""

    @property
    def upvotes(self) -> int | None:
        """The number of upvotes, or None if it is unknown."""

    @property
    def votes(self) -> int:
        """The number of votes of this service's subscribers."""

    @property
    def listed_on(self) -> date:
        """The first listing day."""


PASSAGE_FIELDS = (Field.TITLE, Field.ABSTRACT, Field.KEYWORD, Field.AUTHOR)


def fields_of(field: Field | None) -> tuple[Field, ...]:
    """Return the fields in which a leaf searches for words: its field, or title and abstract if it has none."""
    return (field,) if field else (Field.TITLE, Field.ABSTRACT)


def passages(paper: Matchable, field: Field) -> Sequence[str]:
    """Return the passages of one field: the title, the abstract, each keyword, or each author's name."""
    match field:
        case Field.TITLE:
            return (paper.title,)
        case Field.ABSTRACT:
            return (paper.abstract,)
        case Field.KEYWORD:
            return paper.keywords
        case Field.AUTHOR:
            return paper.authors
        case _:
            return ()


def name_has_words(name: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether each wanted word matches a different word of an author's name.

    A wanted word of a single letter matches any word that begins with it.
    """
    unmatched = list(name)
    for word in sorted(wanted, key=len, reverse=True):
        match = next((part for part in unmatched if part == word or (len(word) == 1 and part.startswith(word))), None)
        if match is None:
            return False
        unmatched.remove(match)
    return True
