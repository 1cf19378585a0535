"""Part of step 1: every paper's tokens are worked out, and it is tagged with the topics that it belongs to.

This is done outside any transaction; a paper that changes meanwhile is tagged again. So a crash, a changed paper and a
changed catalogue have the same cure: what the catalogue of today has not tagged is tagged before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from notifier import matching, queries
from notifier.models import Paper
from notifier.store import tags
from notifier.store.engine import reading, writing
from notifier.store.tags import Tagged
from notifier.store.tokens import tokens_of
from notifier.topics import Catalogue

BLOCK = 1000  # papers matched at a time


def tag(engine: Engine, catalogue: Catalogue) -> int:
    """Tag all papers that the catalogue has not tagged yet; returns how many there were."""
    count = 0
    while True:
        with reading(engine) as connection:
            untagged = tags.untagged(connection, catalogue.fingerprint, BLOCK)
        if not untagged:
            return count
        papers, revisions = zip(*untagged, strict=True)
        with reading(engine) as connection:
            tokenised = tokens_of(connection, papers)
        slugs = _slugs(papers, tokenised, catalogue)
        ids = (paper.id for paper in papers)
        with writing(engine) as connection:
            tags.tag(connection, catalogue.fingerprint, list(map(Tagged, ids, revisions, slugs, tokenised)))
        count += len(untagged)


def _slugs(papers: Sequence[Paper], tokenised: Sequence[bytes], catalogue: Catalogue) -> list[tuple[str, ...]]:
    """The topics that each paper belongs to."""
    asked = matching.QuerySet()
    numbers = {slug: asked.add(queries.parse(topic.query)) for slug, topic in catalogue.topics.items()}
    matches = matching.index(papers, tokenised).match_all(asked)
    slugs: list[list[str]] = [[] for _ in papers]
    for slug, number in numbers.items():
        for position in matches.positions(number):
            slugs[position].append(slug)
    return list(map(tuple, slugs))
