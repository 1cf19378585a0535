"""Which papers queries match, and where their words stand in them.

    papers --tokenise--> tokens --PaperIndex--> blocks of arrays --+
    queries --QuerySet--> a graph of leaves and operators ---------+--match--> a bit for each query and paper

The papers in question are indexed, and every distinct query is evaluated on all of them at once: no paper is ever
checked against one query after the other.
"""

from __future__ import annotations

from notifier.matching.index import Matches, PaperIndex, blocks, index
from notifier.matching.passages import Matchable
from notifier.matching.query_set import QuerySet
from notifier.matching.query_words import query_words
from notifier.matching.spans import MarkedLeaves, PaperWords, spans
from notifier.matching.tokens import tokenise

__all__ = [
    "MarkedLeaves",
    "Matchable",
    "Matches",
    "PaperIndex",
    "PaperWords",
    "QuerySet",
    "blocks",
    "index",
    "query_words",
    "spans",
    "tokenise",
]
