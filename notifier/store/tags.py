"""The topics that papers are tagged with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from notifier.models import Paper
from notifier.store import tokens
from notifier.store.papers import read_papers
from notifier.store.statements import batches, insert_all
from notifier.store.tables import paper, paper_topic


@dataclass(frozen=True, slots=True)
class Tagged:
    """What one revision of a paper is tagged with, and its tokens."""

    paper_id: int
    revision: int
    slugs: tuple[str, ...]
    tokenised: bytes


def untagged(connection: Connection, fingerprint: str, limit: int) -> list[tuple[Paper, int]]:
    """The first `limit` papers that the catalogue of this fingerprint has not tagged yet, each with its revision."""
    statement = select(paper).where(_is_untagged(fingerprint)).order_by(paper.c.sequence).limit(limit)
    revisions = {row.id: row.revision for row in connection.execute(statement)}
    return [(found, revisions[found.id]) for found in read_papers(connection, statement)]


def first_untagged(connection: Connection, fingerprint: str) -> int | None:
    """The lowest sequence number of an announced paper that is not tagged yet."""
    announced = paper.c.sequence > 0
    first: int | None = connection.scalar(
        select(func.min(paper.c.sequence)).where(announced, _is_untagged(fingerprint))
    )
    return first


def tag(connection: Connection, fingerprint: str, found: Sequence[Tagged]) -> None:
    """Replace the tags and tokens of these papers; one that has changed since it was read is left for the next time."""
    revisions: dict[int, int] = {}
    for some in batches(each.paper_id for each in found):
        read = select(paper.c.id, paper.c.revision).where(paper.c.id.in_(some)).with_for_update()
        revisions.update(connection.execute(read).all())
    current = [each for each in found if revisions.get(each.paper_id) == each.revision]
    for some in batches(each.paper_id for each in current):
        connection.execute(update(paper).where(paper.c.id.in_(some)).values(tagged_by=fingerprint))
        connection.execute(delete(paper_topic).where(paper_topic.c.paper_id.in_(some)))
    rows = [{"slug": slug, "paper_id": each.paper_id} for each in current for slug in each.slugs]
    insert_all(connection, paper_topic, rows)
    tokens.keep(connection, {each.paper_id: each.tokenised for each in current})


def count_by_topic(connection: Connection) -> dict[str, int]:
    """How many papers bear each tag."""
    statement = select(paper_topic.c.slug, func.count()).group_by(paper_topic.c.slug)
    return dict(connection.execute(statement).all())


def _is_untagged(fingerprint: str) -> ColumnElement[bool]:
    return or_(paper.c.tagged_by.is_(None), paper.c.tagged_by != fingerprint)
