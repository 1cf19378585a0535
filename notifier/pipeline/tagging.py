"""Part of step 1: every paper is tagged with the topics that it belongs to.

Matching is done outside any transaction; a paper that changes meanwhile is tagged again. So a crash, a changed paper
and a changed catalogue have the same cure: what the catalogue of today has not tagged is tagged before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from notifier import matching, queries
from notifier.models import Paper
from notifier.store import tags
from notifier.store.engine import reading, writing
from notifier.store.tags import Tagged
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
        found = _tagged(untagged, catalogue)
        with writing(engine) as connection:
            tags.tag(connection, catalogue.fingerprint, found)
        count += len(untagged)


def _tagged(papers: Sequence[tuple[Paper, int]], catalogue: Catalogue) -> list[Tagged]:
    index = matching.index([paper for paper, _ in papers])
    slugs: list[list[str]] = [[] for _ in papers]
    for topic in catalogue.topics.values():
        for place in index.match(queries.parse(topic.query)):
            slugs[place].append(topic.slug)
    return [Tagged(paper.id, revision, tuple(found)) for (paper, revision), found in zip(papers, slugs, strict=True)]
