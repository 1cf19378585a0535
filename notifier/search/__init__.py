"""Searches in the stored papers: which papers a query matches, and which are trending."""

from notifier.search.likes import all_with_similar, near_papers, with_similar
from notifier.search.listed_days import TRENDING_DAYS, ListedDays, Trending, read_listed_days, read_trending
from notifier.search.newest_seen import merge_lists, newest_seen, newest_seen_of_topic
from notifier.search.preview import Preview, PreviewMatch, missing_words, preview
from notifier.search.ranking import RankedPaper, rank, trending_papers
from notifier.search.recent import RecentPapers, best_of, read_recent
from notifier.search.searching import (
    RANKED,
    RELEVANT,
    Found,
    FoundPaper,
    Search,
    count,
    count_by_day,
    count_few,
    find_newest,
    matching_ids,
    matching_papers,
    rank_by_relevance,
    rank_by_trend,
)
from notifier.search.similar import SIMILAR, SimilarPaper, similar_papers
from notifier.search.taste_vectors import taste_vectors
from notifier.search.topic_changes import ExamplePaper, TopicChange, topic_change

__all__ = [
    "RANKED",
    "RELEVANT",
    "SIMILAR",
    "TRENDING_DAYS",
    "ExamplePaper",
    "Found",
    "FoundPaper",
    "ListedDays",
    "Preview",
    "PreviewMatch",
    "RankedPaper",
    "RecentPapers",
    "Search",
    "SimilarPaper",
    "TopicChange",
    "Trending",
    "all_with_similar",
    "best_of",
    "count",
    "count_by_day",
    "count_few",
    "find_newest",
    "matching_ids",
    "matching_papers",
    "merge_lists",
    "missing_words",
    "near_papers",
    "newest_seen",
    "newest_seen_of_topic",
    "preview",
    "rank",
    "rank_by_relevance",
    "rank_by_trend",
    "read_listed_days",
    "read_recent",
    "read_trending",
    "similar_papers",
    "taste_vectors",
    "topic_change",
    "trending_papers",
    "with_similar",
]
