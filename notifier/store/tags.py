"""The topics that papers are tagged with.

The fingerprint of a topic catalogue is a hash of its topics and queries. Each paper stores the fingerprint of the
catalogue that tagged it, so that papers are tagged again when the catalogue changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select, update

from notifier.models import Paper, Tags
from notifier.store.papers import papers_of
from notifier.store.statements import batches, insert_all
from notifier.store.tables import paper, paper_topic


@dataclass(frozen=True, slots=True)
class TaggedPaper:
    """The tags of one revision of a paper."""

    paper_id: int
    revision: int
    tags: Tags


def untagged(connection: Connection, fingerprint: str, limit: int, after: int | None = None) -> list[tuple[Paper, int]]:
    """Return at most `limit` papers that the catalogue with this fingerprint has not tagged, and their revisions.

    The papers are in the order of their sequence numbers. With `after`, only papers with higher numbers are returned.
    """
    statement = select(paper).where(_is_untagged(fingerprint)).order_by(paper.c.sequence).limit(limit)
    if after is not None:
        statement = statement.where(paper.c.sequence > after)
    rows = connection.execute(statement).all()
    return [(found, row.revision) for found, row in zip(papers_of(connection, rows), rows, strict=True)]


def are_untagged(connection: Connection, fingerprint: str) -> bool:
    """Return whether there are papers that the catalogue of this fingerprint has not tagged yet."""
    return bool(connection.scalar(select(exists().where(_is_untagged(fingerprint)))))


def first_untagged(connection: Connection, fingerprint: str, after: int) -> int | None:
    """Return the lowest sequence number above `after` among the announced papers that the catalogue has not tagged.

    Returns None if there is no such paper.
    """
    announced = paper.c.sequence > max(after, 0)
    first: int | None = connection.scalar(
        select(func.min(paper.c.sequence)).where(announced, _is_untagged(fingerprint))
    )
    return first


def add(connection: Connection, found: Mapping[int, Tags]) -> None:
    """Store the tags of new papers, given by paper id; the papers' rows already hold the catalogue's fingerprint."""
    _add_topics(connection, found)


def tag(connection: Connection, found: Sequence[TaggedPaper]) -> None:
    """Replace the tags of these papers.

    One catalogue has made all these tags. A paper whose revision has changed since it was read is left out, so that it
    stays untagged.
    """
    revisions: dict[int, int] = {}
    for batch in batches(sorted(each.paper_id for each in found)):
        read = select(paper.c.id, paper.c.revision).where(paper.c.id.in_(batch))
        revisions.update(connection.execute(read.order_by(paper.c.id).with_for_update()).all())
    current = {each.paper_id: each.tags for each in found if revisions.get(each.paper_id) == each.revision}
    for batch in batches(current):
        fingerprint = current[batch[0]].fingerprint
        connection.execute(update(paper).where(paper.c.id.in_(batch)).values(tagged_by=fingerprint))
        connection.execute(delete(paper_topic).where(paper_topic.c.paper_id.in_(batch)))
    _add_topics(connection, current)


def count_by_topic(connection: Connection, fingerprint: str) -> dict[str, int]:
    """Return the number of papers that the catalogue with this fingerprint has tagged with each topic."""
    statement = (
        select(paper_topic.c.slug, func.count())
        .join(paper, paper.c.id == paper_topic.c.paper_id)
        .where(paper.c.tagged_by == fingerprint)
        .group_by(paper_topic.c.slug)
    )
    return dict(connection.execute(statement).all())


def _add_topics(connection: Connection, found: Mapping[int, Tags]) -> None:
    rows = [{"slug": slug, "paper_id": paper_id} for paper_id, tags in found.items() for slug in tags.slugs]
    insert_all(connection, paper_topic, rows)


def _is_untagged(fingerprint: str) -> ColumnElement[bool]:
    return or_(paper.c.tagged_by.is_(None), paper.c.tagged_by != fingerprint)
