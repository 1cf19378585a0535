"""The contender Tantivy. Its index is in memory, and each query runs without scores and returns all matching papers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tantivy

from benchmarks.matching.contender import Pair, PlainTokens, stem_word, word
from notifier.queries import Query
from notifier.queries.tree import And, Field, Leaf, Not, Or, Phrase, Prefix, Word

_WHITESPACE = "whitespace_only"


class Tantivy:
    """An index with fields for the title, for the abstract, and for both, so that no leaf searches two fields."""

    def __init__(self) -> None:
        builder = tantivy.SchemaBuilder().add_integer_field("id", stored=False, indexed=False, fast=True)
        for field in ("text", "title", "abstract"):
            builder.add_text_field(field, tokenizer_name=_WHITESPACE, index_option="position")
        self._schema = builder.build()
        self._queries: list[tantivy.Query] = []
        self._found: list[list[Any]] = []

    def set_queries(self, queries: Sequence[Query]) -> None:
        self._queries = [tantivy.Query.const_score_query(self._query(each), 1.0) for each in queries]

    def set_papers(self, papers: Sequence[PlainTokens]) -> None:
        index = tantivy.Index(self._schema)
        index.register_tokenizer(_WHITESPACE, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        writer = index.writer(num_threads=1)
        for number, each in enumerate(papers):
            title = " ".join([*each.title, "-", *each.title_stems])
            abstract = " ".join([*each.abstract, "-", *each.abstract_stems])
            writer.add_document(
                tantivy.Document(id=number, title=[title], abstract=[abstract], text=[f"{title} - {abstract}"])
            )
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()
        self._papers = len(papers)

    def match(self) -> None:
        search, limit = self._searcher.search, self._papers
        self._found = [search(each, limit=limit, count=False).hits for each in self._queries]

    def pairs(self) -> Iterable[Pair]:
        for position, found in enumerate(self._found):
            addresses = [address for _, address in found]
            yield from ((position, int(number or 0)) for number in self._searcher.fast_field_values("id", addresses))

    def _query(self, query: Query) -> tantivy.Query:
        match query:
            case And(operands):
                return tantivy.Query.boolean_query([self._clause(each, tantivy.Occur.Must) for each in operands])
            case Or(operands):
                return tantivy.Query.boolean_query([self._clause(each, tantivy.Occur.Should) for each in operands])
            case Not():
                raise ValueError("Tantivy has no NOT outside of AND")
            case leaf:
                return self._leaf(leaf)

    def _clause(self, query: Query, occurs: tantivy.Occur) -> tuple[tantivy.Occur, tantivy.Query]:
        if isinstance(query, Not):
            return tantivy.Occur.MustNot, self._query(query.operand)
        return occurs, self._query(query)

    def _leaf(self, leaf: Leaf) -> tantivy.Query:
        match leaf:
            case Word(asked, field):
                return tantivy.Query.term_query(self._schema, _name(field), stem_word(asked), "basic")
            case Prefix(start, field):
                return tantivy.Query.regex_query(self._schema, _name(field), f"{word(start)}.*")
            case Phrase((asked,), field):
                return tantivy.Query.term_query(self._schema, _name(field), word(asked), "basic")
            case Phrase(asked, field):
                return tantivy.Query.phrase_query(self._schema, _name(field), list(map(word, asked)))
            case _:
                raise ValueError(f"the benchmark does not translate {leaf} for Tantivy")


def _name(field: Field | None) -> str:
    return field.value if field else "text"
