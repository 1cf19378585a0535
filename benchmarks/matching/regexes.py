"""A compiled regular expression for each query, tried on the text of each paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from benchmarks.matching.contender import Pair, Tokens, stem_word, word
from notifier.queries import Query
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Word

_BEFORE = {None: ".*", Field.TITLE: "[^|]*", Field.ABSTRACT: r".*\|.*"}  # title | abstract


class Regexes:
    """What a first version of any such service does."""

    def __init__(self) -> None:
        self._patterns: list[re.Pattern[str]] = []
        self._texts: list[str] = []
        self._found: list[Pair] = []

    def store(self, queries: Sequence[Query]) -> None:
        self._patterns = [re.compile(expression(each)) for each in queries]

    def take(self, papers: Sequence[Tokens]) -> None:
        fields = ("title", "title_stems"), ("abstract", "abstract_stems")
        self._texts = [
            " | ".join(" - ".join(f" {' '.join(getattr(each, name))} " for name in names) for names in fields)
            for each in papers
        ]

    def match(self) -> None:
        self._found = [
            (query, paper)
            for query, pattern in enumerate(self._patterns)
            for paper, text in enumerate(self._texts)
            if pattern.match(text)
        ]

    def pairs(self) -> Iterable[Pair]:
        return self._found


def expression(query: Query) -> str:
    """The query as what a text must hold ahead of its beginning."""
    match query:
        case And(operands):
            return "".join(map(expression, operands))
        case Or(operands):
            return f"(?:{'|'.join(map(expression, operands))})"
        case Not(operand):
            return f"(?!{expression(operand)})"
        case leaf:
            return _leaf(leaf)


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Word(asked, field):
            return f"(?={_BEFORE[field]} {stem_word(asked)} )"
        case Prefix(start, field):
            return f"(?={_BEFORE[field]} {word(start)})"
        case Phrase(asked, field):
            return f"(?={_BEFORE[field]} {' '.join(map(word, asked))} )"
        case _:
            raise ValueError(f"no expression is made for {leaf}")
