"""Passages: the texts of a paper within which a leaf must be true."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from notifier.queries.tree import Field


class Matchable(Protocol):
    """What queries look at: of a paper, or of what is to become one."""

    @property
    def title(self) -> str: ...
    @property
    def abstract(self) -> str: ...
    @property
    def keywords(self) -> Sequence[str]: ...
    @property
    def authors(self) -> Sequence[str]: ...
    @property
    def categories(self) -> Sequence[str]: ...
    @property
    def topics(self) -> Collection[str]: ...
    @property
    def source(self) -> str: ...
    @property
    def upvotes(self) -> int | None: ...
    @property
    def listed_on(self) -> date: ...


PASSAGE_FIELDS = (Field.TITLE, Field.ABSTRACT, Field.KEYWORD, Field.AUTHOR)


def fields_of(field: Field | None) -> tuple[Field, ...]:
    """The fields that a leaf looks at."""
    return (field,) if field else (Field.TITLE, Field.ABSTRACT)


def passages(paper: Matchable, field: Field) -> Sequence[str]:
    """The texts of a field: a phrase stands within one keyword, a name is one author's."""
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


def bears(name: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether an author's name has all the words asked for, each its own; a letter stands for a word that begins so."""
    left = list(name)
    for word in sorted(asked, key=len, reverse=True):
        found = next((own for own in left if own == word or (len(word) == 1 and own.startswith(word))), None)
        if found is None:
            return False
        left.remove(found)
    return True
