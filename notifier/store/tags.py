"""The topics that papers are tagged with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from notifier.models import Paper
from notifier.store.papers import read_papers
from notifier.store.statements import insert_all
from notifier.store.tables import paper, paper_topic


@dataclass(frozen=True, slots=True)
class Tagged:
    """What one revision of a paper is tagged with."""

    paper_id: int
    revision: int
    slugs: tuple[str, ...]


def untagged(connection: Connection, fingerprint: str, limit: int) -> list[tuple[Paper, int]]:
    """The first `limit` papers that the catalogue of this fingerprint has not tagged yet, each with its revision."""
    statement = select(paper).where(_is_untagged(fingerprint)).order_by(paper.c.sequence).limit(limit)
    revisions = {row.id: row.revision for row in connection.execute(statement)}
    return [(found, revisions[found.id]) for found in read_papers(connection, statement)]


def first_untagged(connection: Connection, fingerprint: str) -> int | None:
    """The lowest sequence number of a paper that is not tagged yet."""
    first: int | None = connection.scalar(select(func.min(paper.c.sequence)).where(_is_untagged(fingerprint)))
    return first


def tag(connection: Connection, fingerprint: str, found: Iterable[Tagged]) -> None:
    """Replace the tags of these papers; one that has changed since it was read is left for the next time."""
    for each in found:
        same = update(paper).where(paper.c.id == each.paper_id, paper.c.revision == each.revision)
        if connection.execute(same.values(tagged_by=fingerprint)).rowcount:
            connection.execute(delete(paper_topic).where(paper_topic.c.paper_id == each.paper_id))
            insert_all(connection, paper_topic, [{"slug": slug, "paper_id": each.paper_id} for slug in each.slugs])


def count_by_topic(connection: Connection) -> dict[str, int]:
    """How many papers bear each tag."""
    statement = select(paper_topic.c.slug, func.count()).group_by(paper_topic.c.slug)
    return dict(connection.execute(statement).all())


def _is_untagged(fingerprint: str) -> ColumnElement[bool]:
    return or_(paper.c.tagged_by.is_(None), paper.c.tagged_by != fingerprint)
