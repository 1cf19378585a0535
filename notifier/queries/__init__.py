"""The query language: from what someone typed to a tree, and from a tree to its one canonical text.

    text --lexer--> lexemes --parser, leaves--> tree --canonical--> text

What it means is DESIGN.md's "The query language"; which papers a tree matches is `notifier.matching`.
"""

from notifier.queries.canonical import canonical
from notifier.queries.comma_list import parse_comma_list
from notifier.queries.parser import parse
from notifier.queries.tree import Query, leaves
from notifier.queries.upvotes import upvotes_named

__all__ = ["Query", "canonical", "leaves", "parse", "parse_comma_list", "upvotes_named"]
