"""Searches in the stored papers: which papers a query matches, and which are trending."""

from notifier.search.preview import Preview, PreviewMatch, preview
from notifier.search.ranking import RankedPaper, rank, trending_papers
from notifier.search.recent import RecentPapers, best_of, read_newest, read_recent

__all__ = [
    "Preview",
    "PreviewMatch",
    "RankedPaper",
    "RecentPapers",
    "best_of",
    "preview",
    "rank",
    "read_newest",
    "read_recent",
    "trending_papers",
]
