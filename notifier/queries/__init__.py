"""The query language: parse the text of a query into a tree, and write it as canonical or as readable text.

    text --lexer--> lexemes --parser, leaves--> tree --canonical--> canonical text
    text --lexer--> lexemes --parser--> tree as typed --readable--> readable text

docs/query-language.md describes the language. `notifier.matching` finds the papers that a query matches.
"""

from notifier.queries.canonical import canonical
from notifier.queries.comma_list import parse_comma_list, query_of_list
from notifier.queries.counts_named import upvotes_named, votes_named
from notifier.queries.hints import hints
from notifier.queries.leaves import paper_key
from notifier.queries.likes import only_paper_named
from notifier.queries.parser import parse
from notifier.queries.readable import readable, readable_whole
from notifier.queries.tree import Query, leaves, papers_named, topics_named, with_near

__all__ = [
    "Query",
    "canonical",
    "hints",
    "leaves",
    "only_paper_named",
    "paper_key",
    "papers_named",
    "parse",
    "parse_comma_list",
    "query_of_list",
    "readable",
    "readable_whole",
    "topics_named",
    "upvotes_named",
    "votes_named",
    "with_near",
]
