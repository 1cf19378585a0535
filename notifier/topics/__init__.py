"""The topics: the catalogue of all topics in use, and the rules for a topic that somebody writes."""

from notifier.topics.catalogue import (
    ALL,
    FOR_YOU,
    RESERVED,
    TRENDING,
    Catalogue,
    Origin,
    StoredTopic,
    Topic,
    TopicState,
    built_in_topics,
    catalogue_of,
    check_topics,
    fault_of,
    is_reserved,
)
from notifier.topics.drafts import TopicDraft, draft_of, near_slug, wrong_fields

__all__ = [
    "ALL",
    "FOR_YOU",
    "RESERVED",
    "TRENDING",
    "Catalogue",
    "Origin",
    "StoredTopic",
    "Topic",
    "TopicDraft",
    "TopicState",
    "built_in_topics",
    "catalogue_of",
    "check_topics",
    "draft_of",
    "fault_of",
    "is_reserved",
    "near_slug",
    "wrong_fields",
]
