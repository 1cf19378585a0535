"""Which papers a query matches, and where its words stand in them.

The papers in question are indexed once, and every distinct query is evaluated on that index once.
"""

from notifier.matching.index import PaperIndex, index
from notifier.matching.spans import spans

__all__ = ["PaperIndex", "index", "spans"]
