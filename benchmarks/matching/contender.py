"""The interface of a contender, and the tokens that all contenders receive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from notifier.models import Paper
from notifier.queries import Query
from notifier.text.spellings import search_words
from notifier.text.words import stem

Pair = tuple[int, int]  # the positions of a query and of a paper


class PlainTokens(NamedTuple):
    """A paper's folded words and stems in ASCII letters and digits; each word begins with `w`, each stem with `s`."""

    title: list[str]
    abstract: list[str]
    title_stems: list[str]
    abstract_stems: list[str]


class Contender(Protocol):
    """A way to match stored queries with papers."""

    def set_queries(self, queries: Sequence[Query]) -> None:
        """Prepare the queries for matching."""

    def set_papers(self, papers: Sequence[PlainTokens]) -> None:
        """Prepare new papers for matching, in place of the ones before."""

    def match(self) -> None:
        """Match all queries with all papers."""

    def pairs(self) -> Iterable[Pair]:
        """Return the pairs that the last match found; this is not timed."""


def tokens_of(paper: Paper) -> PlainTokens:
    """Return the tokens of a paper that every contender receives."""
    title, abstract = search_words(paper.title), search_words(paper.abstract)
    return PlainTokens(
        *(list(map(word, each)) for each in (title, abstract)),
        *(list(map(stemmed, each)) for each in (title, abstract)),
    )


def word(folded: str) -> str:
    """Encode a folded word in letters and digits, which no engine splits."""
    return "w" + _plain(folded)


def stemmed(folded: str) -> str:
    """Encode the stem of a folded word, so that it differs from every encoded word."""
    return "s" + _plain(stem(folded))


def stem_word(stemmed_word: str) -> str:
    """Encode a stem of a query, as `stemmed` does."""
    return "s" + _plain(stemmed_word)


def _plain(text: str) -> str:
    """Encode a folded text in ASCII letters and digits, so that prefixes of texts are prefixes of their codes.

    No character's code is the beginning of another character's code. The code of `0` is `00`. Any
    other ASCII letter or digit is its own code. The code of any other character is `0`, its hexadecimal number and `x`.
    """
    return "".join(map(_code, text))


def _code(char: str) -> str:
    if char == "0":
        return "00"
    return char if char.isascii() and char.isalnum() else f"0{ord(char):x}x"
