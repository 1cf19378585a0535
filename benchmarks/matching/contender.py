"""What a contender does, and the tokens that all of them are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from notifier.models import Paper
from notifier.queries import Query
from notifier.text.words import stem, words

Pair = tuple[int, int]  # the places of a query and of a paper


class Tokens(NamedTuple):
    """A paper's folded words and their stems, as plain letters: each word begins with `w`, each stem with `s`."""

    title: list[str]
    abstract: list[str]
    title_stems: list[str]
    abstract_stems: list[str]


class Contender(Protocol):
    """A way to match stored queries with papers."""

    def store(self, queries: Sequence[Query]) -> None:
        """Take the queries, ready to be matched."""

    def take(self, papers: Sequence[Tokens]) -> None:
        """Take new papers in place of those before."""

    def match(self) -> None:
        """Match all queries with all papers."""

    def pairs(self) -> Iterable[Pair]:
        """What was matched last; not timed."""


def tokens_of(paper: Paper) -> Tokens:
    """What every contender is given of a paper."""
    title, abstract = words(paper.title), words(paper.abstract)
    return Tokens(
        *(list(map(word, each)) for each in (title, abstract)),
        *(list(map(stemmed, each)) for each in (title, abstract)),
    )


def word(folded: str) -> str:
    """A folded word as letters and digits that every engine keeps together."""
    return "w" + _plain(folded)


def stemmed(folded: str) -> str:
    """The stem of a folded word, told apart from the word."""
    return "s" + _plain(stem(folded))


def stem_word(stemmed_word: str) -> str:
    """A stem of the query language, as `stemmed` writes it."""
    return "s" + _plain(stemmed_word)


def _plain(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else f"0{ord(char):x}0" for char in text)
