"""Find the papers that queries match, and the words in each paper that match: the matching engine.

    papers --tokenise--> tokens --PaperIndex--> blocks of arrays --+
    queries --QuerySet--> a graph of leaves and operators ---------+--match_all--> one bit for each query and paper

The engine indexes the papers, and evaluates each distinct query once, on all papers together. It never tests papers
and queries pair by pair.
"""

from __future__ import annotations

from notifier.matching.index import Matches, PaperIndex, blocks, index
from notifier.matching.passages import Matchable
from notifier.matching.proposing import alternatives, propose
from notifier.matching.query_set import QuerySet
from notifier.matching.query_words import query_words
from notifier.matching.spans import MarkedLeaves, PaperWords, spans
from notifier.matching.tokens import tokenise, unpack

__all__ = [
    "MarkedLeaves",
    "Matchable",
    "Matches",
    "PaperIndex",
    "PaperWords",
    "QuerySet",
    "alternatives",
    "blocks",
    "index",
    "propose",
    "query_words",
    "spans",
    "tokenise",
    "unpack",
]
