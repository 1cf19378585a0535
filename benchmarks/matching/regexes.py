"""The contender that has a compiled regular expression for each query, and tries it on the text of each paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from benchmarks.matching.contender import Pair, PlainTokens, stem_word, word
from notifier.queries import Query
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Word

_BEFORE = {None: ".*", Field.TITLE: "[^|]*", Field.ABSTRACT: r".*\|.*"}  # a text is "title | abstract"


class Regexes:
    """One regular expression for each query: what the first version of such a service is likely to use."""

    def __init__(self) -> None:
        self._patterns: list[re.Pattern[str]] = []
        self._texts: list[str] = []
        self._found: list[Pair] = []

    def set_queries(self, queries: Sequence[Query]) -> None:
        self._patterns = [re.compile(expression(each)) for each in queries]

    def set_papers(self, papers: Sequence[PlainTokens]) -> None:
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
    """Return the query as lookaheads, which are tested at the beginning of a text."""
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
            raise ValueError(f"the benchmark does not translate {leaf} to a regular expression")
