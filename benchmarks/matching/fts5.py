"""The contender SQLite FTS5: in memory, with a prefix index and one prepared statement, without ranking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from benchmarks.matching.contender import Pair, PlainTokens, stem_word, word
from notifier.queries import Query
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Word

_MATCH = "SELECT rowid FROM paper WHERE paper MATCH ?"


class Fts5:
    """An FTS5 table of papers, on which each query is run as an FTS5 expression."""

    def __init__(self) -> None:
        self._expressions: list[str] = []
        self._found: list[list[tuple[int]]] = []

    def set_queries(self, queries: Sequence[Query]) -> None:
        self._expressions = [expression(query) for query in queries]

    def set_papers(self, papers: Sequence[PlainTokens]) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "CREATE VIRTUAL TABLE paper USING fts5 (title, abstract, content='', prefix='4 5 6 7', tokenize='ascii')"
        )
        texts = ((_text(each.title, each.title_stems), _text(each.abstract, each.abstract_stems)) for each in papers)
        rows = ((number, *each) for number, each in enumerate(texts))
        self._database.executemany("INSERT INTO paper (rowid, title, abstract) VALUES (?, ?, ?)", rows)
        self._database.execute("INSERT INTO paper (paper) VALUES ('optimize')")
        self._database.commit()

    def match(self) -> None:
        execute = self._database.execute
        self._found = [execute(_MATCH, (each,)).fetchall() for each in self._expressions]

    def pairs(self) -> Iterable[Pair]:
        return ((query, paper) for query, found in enumerate(self._found) for (paper,) in found)


def _text(words: list[str], stems: list[str]) -> str:
    return " ".join([*words, "-", *stems])


def expression(query: Query) -> str:
    """Return the query in the language of FTS5, in which NOT is an operator between two operands."""
    match query:
        case And(operands):
            wanted = [expression(each) for each in operands if not isinstance(each, Not)]
            unwanted = [expression(each.operand) for each in operands if isinstance(each, Not)]
            return f"({' NOT '.join([_all(wanted), *unwanted])})"
        case Or(operands):
            return f"({' OR '.join(map(expression, operands))})"
        case Not():
            raise ValueError("FTS5 has no NOT with a single operand")
        case leaf:
            return _leaf(leaf)


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Word(asked, field):
            return _within(field, f'"{stem_word(asked)}"')
        case Prefix(start, field):
            return _within(field, f'"{word(start)}" *')
        case Phrase(asked, field):
            return _within(field, f'"{" ".join(map(word, asked))}"')
        case _:
            raise ValueError(f"the benchmark does not translate {leaf} for FTS5")


def _within(field: Field | None, text: str) -> str:
    return f"{field.value} : {text}" if field else text


def _all(expressions: Sequence[str]) -> str:
    return f"({' AND '.join(expressions)})"
