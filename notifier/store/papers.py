"""Reading papers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from notifier.models import Paper
from notifier.papers.trending import Appearance
from notifier.store.statements import batches
from notifier.store.tables import dump, listing, paper, paper_alias, paper_topic


def head(connection: Connection) -> int:
    """The newest sequence number; 0 where there is no paper."""
    return connection.scalar(select(func.max(paper.c.sequence)).where(_is_announced())) or 0


def cursor_before(connection: Connection, instant: datetime) -> int:
    """The sequence number just before the first paper that was first seen at `instant` or later, else the newest."""
    first = connection.scalar(select(func.min(paper.c.sequence)).where(_is_announced(), paper.c.first_seen >= instant))
    return head(connection) if first is None else first - 1


def papers_after(connection: Connection, cursor: int, until: int) -> list[Paper]:
    """The papers announced after `cursor` and not after `until`, in the order of their sequence numbers."""
    window = _is_announced() & (paper.c.sequence > cursor) & (paper.c.sequence <= until)
    return read_papers(connection, _all().where(window).order_by(paper.c.sequence))


def in_blocks(connection: Connection, limit: int) -> Iterator[list[Paper]]:
    """Every stored paper, oldest first, at most `limit` at a time."""
    last = 0
    while block := read_papers(connection, _all().where(paper.c.id > last).order_by(paper.c.id).limit(limit)):
        yield block
        last = block[-1].id


def papers_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Paper]:
    """Papers by the ids that digests hold; an id whose row became part of another finds that paper."""
    current = {paper_id: paper_id for paper_id in ids}
    current.update(_aliases(connection, current))
    found = {}
    for some in batches(sorted(set(current.values()))):
        found.update({each.id: each for each in read_papers(connection, _all().where(paper.c.id.in_(some)))})
    return {asked: found[now] for asked, now in current.items() if now in found}


def appearances(connection: Connection, ids: Iterable[int], until: date) -> dict[int, list[Appearance]]:
    """The listings of each of these papers up to a day, in the order of their dumps."""
    found: dict[int, list[Appearance]] = {}
    for some in batches(ids):
        _collect(connection, listing.c.paper_id.in_(some) & (listing.c.listed_on <= until), found)
    return found


def upvotes_on(connection: Connection, days: Iterable[date]) -> dict[int, list[Appearance]]:
    """The listings of all papers on these days that tell upvotes."""
    found: dict[int, list[Appearance]] = {}
    for some in batches(days):
        _collect(connection, listing.c.listed_on.in_(some) & listing.c.upvotes.is_not(None), found)
    return found


def _collect(connection: Connection, wanted: ColumnElement[bool], found: dict[int, list[Appearance]]) -> None:
    row = listing.c
    told = select(row.paper_id, row.listed_on, row.position, row.upvotes, dump.c.format).join(dump)
    for paper_id, *appearance in connection.execute(told.where(wanted).order_by(row.id)):
        found.setdefault(paper_id, []).append(Appearance(*appearance))


def listed_until(connection: Connection, day: date) -> list[int]:
    """The ids of the papers first listed on `day` or before."""
    return list(connection.scalars(select(paper.c.id).where(paper.c.listed_on <= day).order_by(paper.c.id)))


def announced_again(connection: Connection, cursor: int) -> set[int]:
    """The ids of the papers that stand after `cursor` for the second time, so that a digest may hold them already."""
    row = paper.c
    again = select(row.id).where(row.sequence > cursor, row.sequence != row.first_sequence)
    return set(connection.scalars(again))


def current_ids(connection: Connection, ids: set[int]) -> set[int]:
    """`ids` as they are now, where rows became part of others."""
    aliases = _aliases(connection, ids)
    return {aliases.get(paper_id, paper_id) for paper_id in ids}


def _aliases(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    alias = paper_alias.c
    found: dict[int, int] = {}
    for some in batches(ids):
        statement = select(alias.old_id, alias.paper_id).where(alias.old_id.in_(some))
        found.update(connection.execute(statement).all())
    return found


def newest(connection: Connection, slug: str | None, limit: int) -> list[int]:
    """The ids of the announced papers first seen last, of one topic or of all, newest first."""
    statement = select(paper.c.id).where(_is_announced())
    if slug is not None:
        tagged = select(paper_topic.c.paper_id).where(paper_topic.c.slug == slug)
        statement = statement.where(paper.c.id.in_(tagged))
    return list(connection.scalars(statement.order_by(paper.c.first_seen.desc(), paper.c.id).limit(limit)))


def guids(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """What names each of these papers in feeds, for ever."""
    found: dict[int, str] = {}
    for some in batches(ids):
        found.update(connection.execute(select(paper.c.id, paper.c.guid).where(paper.c.id.in_(some))).all())
    return found


def read_papers(connection: Connection, statement: Select[Any]) -> list[Paper]:
    """The papers that a select of whole paper rows gives, in its order, with their topics."""
    return papers_of(connection, connection.execute(statement).all())


def papers_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[Paper]:
    """The papers of whole rows, in their order, with their topics."""
    topics = _topics(connection, [row.id for row in rows])
    return [_paper(row, frozenset(topics.get(row.id, ()))) for row in rows]


def _topics(connection: Connection, ids: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for some in batches(ids):
        statement = select(paper_topic.c.paper_id, paper_topic.c.slug).where(paper_topic.c.paper_id.in_(some))
        for paper_id, slug in connection.execute(statement):
            found.setdefault(paper_id, []).append(slug)
    return found


def _is_announced() -> ColumnElement[bool]:
    """What came by an archive alone has a sequence number below 0."""
    return paper.c.sequence > 0


def _all() -> Select[Any]:
    return select(paper)


def _paper(row: Row[Any], topics: frozenset[str]) -> Paper:
    known = {each.name: getattr(row, each.name) for each in fields(Paper) if each.name != "topics"}
    return Paper(**known, topics=topics)
