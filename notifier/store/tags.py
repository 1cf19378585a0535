"""Store the topics that papers are tagged with.

The fingerprint of a topic catalogue is a hash of its topics and queries. Each paper stores the fingerprint of the
catalogue that tagged it, so that papers are tagged again when the catalogue changes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select, update

from notifier.models import Paper, Tags
from notifier.store.papers import papers_of
from notifier.store.statements import batches, in_numbers, insert_all, insert_into
from notifier.store.tables import paper, paper_topic, paper_vector, topic_catalogue, topic_correction
from notifier.text.words import TEXT_VERSION


@dataclass(frozen=True, slots=True)
class TaggedPaper:
    """The tags of one revision of a paper."""

    paper_id: int
    revision: int
    tags: Tags


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """The difference between two catalogues. `changed` maps each new or changed topic to the ids of its papers.

    `removed` are the topics that only the old catalogue has. `old` and `new` are the fingerprints. `state` is that of
    the papers when they were matched; see `tagged_state`.
    """

    old: str
    new: str
    changed: Mapping[str, Sequence[int]]
    removed: Collection[str]
    state: tuple[int, int]


def keep_catalogue(connection: Connection, fingerprint: str, queries: Mapping[str, str]) -> None:
    """Store the canonical queries of a catalogue by slug, and delete the catalogues that have tagged no paper."""
    row = topic_catalogue.c
    is_used = exists().where(paper.c.tagged_by == row.fingerprint)
    connection.execute(delete(topic_catalogue).where(row.fingerprint != fingerprint, ~is_used))
    values = {"fingerprint": fingerprint, "text_version": TEXT_VERSION, "queries": json.dumps(dict(queries))}
    insert_all(connection, topic_catalogue, [values], ignore_known=True)


def kept_catalogues(connection: Connection) -> dict[str, dict[str, str]]:
    """Return the queries of the catalogues that were stored with the current text rules, by fingerprint."""
    row = topic_catalogue.c
    stored = connection.execute(select(row.fingerprint, row.queries).where(row.text_version == TEXT_VERSION))
    return {fingerprint: json.loads(queries) for fingerprint, queries in stored}


def catalogues_used(connection: Connection) -> tuple[str | None, str | None]:
    """Return the lowest and the highest fingerprint of a catalogue that has tagged a paper, to detect a change."""
    # Two statements, because SQLite looks up only one of the two ends of an index in one statement.
    return connection.scalar(_LOWEST_CATALOGUE), connection.scalar(_HIGHEST_CATALOGUE)


_LOWEST_CATALOGUE = select(func.min(paper.c.tagged_by))
_HIGHEST_CATALOGUE = select(func.max(paper.c.tagged_by))


def tagged_state(connection: Connection, fingerprint: str) -> tuple[int, int]:
    """Return the number of papers that the catalogue has tagged, and the sum of their revisions, to detect changes."""
    row = paper.c
    state = select(func.count(), func.coalesce(func.sum(row.revision), 0)).where(row.tagged_by == fingerprint)
    count, revisions = connection.execute(state).one()
    return int(count), int(revisions)


def retag(connection: Connection, change: CatalogueChange) -> bool:
    """Retag the papers that the old catalogue has tagged, and return True.

    Nothing is done, and False is returned, if one of these papers has changed since it was matched.
    """
    if tagged_state(connection, change.old) != change.state:
        return False
    row = paper_topic.c
    by_old = select(paper.c.id).where(paper.c.tagged_by == change.old)
    slugs = sorted({*change.changed, *change.removed})
    connection.execute(delete(paper_topic).where(row.slug.in_(slugs), row.paper_id.in_(by_old)))
    for slug, ids in change.changed.items():
        for batch in batches(ids):
            tagged = connection.scalars(by_old.where(paper.c.id.in_(batch)))
            insert_all(connection, paper_topic, [{"slug": slug, "paper_id": paper_id} for paper_id in tagged])
    connection.execute(update(paper).where(paper.c.tagged_by == change.old).values(tagged_by=change.new))
    apply_corrections(connection)
    return True


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


def are_tagged_by_another(connection: Connection, fingerprint: str, after: int) -> bool:
    """Return whether another catalogue has tagged a paper with a sequence number above `after`."""
    by_another = paper.c.tagged_by.is_not(None) & (paper.c.tagged_by != fingerprint)
    return bool(connection.scalar(select(exists().where(paper.c.sequence > max(after, 0), by_another))))


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
    revisions, compared_anew = dict[int, int](), list[int]()
    for batch in batches(sorted(each.paper_id for each in found)):
        read = select(paper.c.id, paper.c.revision, paper.c.tagged_by)
        for paper_id, revision, tagged_by in connection.execute(
            read.where(paper.c.id.in_(batch)).order_by(paper.c.id).with_for_update()
        ):
            revisions[paper_id] = revision
            if tagged_by is None:
                compared_anew.append(paper_id)
    _drop_vectors(connection, compared_anew)
    current = {each.paper_id: each.tags for each in found if revisions.get(each.paper_id) == each.revision}
    for batch in batches(current):
        fingerprint = current[batch[0]].fingerprint
        connection.execute(update(paper).where(paper.c.id.in_(batch)).values(tagged_by=fingerprint))
        connection.execute(delete(paper_topic).where(paper_topic.c.paper_id.in_(batch)))
    _add_topics(connection, current)
    apply_corrections(connection, current)


def _drop_vectors(connection: Connection, paper_ids: Iterable[int]) -> None:
    """Delete the vectors of these papers, because their topics change; `vectorise` makes new ones."""
    connection.execute(delete(paper_vector).where(in_numbers(connection, paper_vector.c.paper_id, list(paper_ids))))


def apply_corrections(connection: Connection, paper_ids: Iterable[int] | None = None) -> None:
    """Give papers the topics that curators have given them, and take those that they have taken from them.

    With `paper_ids`, only these papers are changed. A topic that the catalogue of a paper does not have is not given.
    """
    corrected = corrections(connection, paper_ids)
    _drop_vectors(connection, corrected)
    for paper_id, topics in corrected.items():
        row = paper_topic.c
        removed = [slug for slug, is_added in topics.items() if not is_added]
        connection.execute(delete(paper_topic).where(row.paper_id == paper_id, row.slug.in_(removed)))
        tagged_by = select(topic_catalogue.c.queries).join(paper, paper.c.tagged_by == topic_catalogue.c.fingerprint)
        queries = connection.scalar(tagged_by.where(paper.c.id == paper_id))
        known = json.loads(queries) if queries else {}
        for slug in (each for each in topics if topics[each] and each in known):
            new = insert_into(connection.dialect, paper_topic).values(slug=slug, paper_id=paper_id)
            connection.execute(new.on_conflict_do_nothing())


def corrections(connection: Connection, paper_ids: Iterable[int] | None = None) -> dict[int, dict[str, bool]]:
    """Return, by paper id, the topics that curators have given to papers (True) or taken from them (False)."""
    row = topic_correction.c
    stored = select(row.paper_id, row.slug, row.is_added).order_by(row.paper_id, row.slug)
    wanted = [stored] if paper_ids is None else [stored.where(row.paper_id.in_(each)) for each in batches(paper_ids)]
    found: dict[int, dict[str, bool]] = {}
    for statement in wanted:
        for paper_id, slug, is_added in connection.execute(statement):
            found.setdefault(paper_id, {})[slug] = is_added
    return found


def forget(connection: Connection, paper_id: int) -> None:
    """Let a paper be tagged again by the queries of the topics."""
    connection.execute(
        update(paper).where(paper.c.id == paper_id).values(tagged_by=None, revision=paper.c.revision + 1)
    )


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
