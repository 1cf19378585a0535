"""The query language: parse the text of a query into a tree, and write a tree as canonical text.

    text --lexer--> lexemes --parser, leaves--> tree --canonical--> text

docs/query-language.md describes the language. `notifier.matching` finds the papers that a query matches.
"""

from notifier.queries.canonical import canonical
from notifier.queries.comma_list import parse_comma_list
from notifier.queries.parser import parse
from notifier.queries.tree import Query, leaves
from notifier.queries.upvotes import upvotes_named

__all__ = ["Query", "canonical", "leaves", "parse", "parse_comma_list", "upvotes_named"]
