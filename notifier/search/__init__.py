"""Searches in the stored papers: which papers a query matches, and which are trending."""

from notifier.search.preview import Preview, PreviewMatch, preview
from notifier.search.ranking import RankedPaper, rank, trending_papers

__all__ = ["Preview", "PreviewMatch", "RankedPaper", "preview", "rank", "trending_papers"]
