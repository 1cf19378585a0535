"""Read what the pages of topics show: the papers of a topic by listing day, and how many there are.

A topic is given by its slug, or None for all papers. Papers that were listed only because they were replaced or
withdrawn are left out, and hidden papers.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from notifier.store.hidden_papers import is_not_hidden
from notifier.store.tables import paper, paper_topic


class ListPlace(NamedTuple):
    """The place of a paper in a list that goes by listing day: its first listing day and its id."""

    listed_on: date
    id: int


def newest_listed(
    connection: Connection, slug: str | None, limit: int, after: ListPlace | None = None
) -> list[ListPlace]:
    """Return the places of at most `limit` papers of a topic, newest listing day first, that follow the place `after`.

    The papers of one day are in the order in which they were stored. Papers of one dump are stored in its order.
    """
    wanted = _has_topic(slug)
    if after is not None:
        # The condition on the day alone is for the index: SQLite does not use one for a condition with OR.
        older = or_(paper.c.listed_on < after.listed_on, paper.c.id > after.id)
        wanted = and_(wanted, paper.c.listed_on <= after.listed_on, older)
    order = (paper.c.listed_on.desc(), paper.c.id)
    chosen = select(paper.c.listed_on, paper.c.id).where(wanted).order_by(*order).limit(limit)
    return [ListPlace(*row) for row in connection.execute(chosen)]


def listed_since(connection: Connection, slug: str | None, since: date, until_id: int, limit: int) -> list[int]:
    """Return the ids of at most `limit` papers of a topic, newest listing day first.

    Only papers that were first listed on the day `since` or later, and whose id is at most `until_id`, are returned.
    """
    wanted = and_(_has_topic(slug), paper.c.listed_on >= since, paper.c.id <= until_id)
    chosen = select(paper.c.id).where(wanted).order_by(paper.c.listed_on.desc(), paper.c.id)
    return list(connection.scalars(chosen.limit(limit)))


def oldest_day(connection: Connection) -> date | None:
    """Return the oldest day on which a paper was listed; None if there is none."""
    oldest: date | None = connection.scalar(select(func.min(paper.c.listed_on)))
    return oldest


def listed_per_day(connection: Connection, slug: str | None, since: date, until: date) -> dict[date, int]:
    """Return how many papers of a topic were listed for the first time on each of these days that has any."""
    row = paper.c
    wanted = and_(_has_topic(slug), row.listed_on.between(since, until))
    return dict(connection.execute(select(row.listed_on, func.count()).where(wanted).group_by(row.listed_on)).all())


def listed_by_topic(connection: Connection, since: date, until: date) -> dict[str | None, int]:
    """Return how many papers of each topic were listed for the first time on these days; None stands for all papers."""
    wanted = and_(_is_shown(), paper.c.listed_on.between(since, until))
    tagged = select(paper_topic.c.slug, func.count()).join(paper, paper.c.id == paper_topic.c.paper_id)
    found: dict[str | None, int] = dict(connection.execute(tagged.where(wanted).group_by(paper_topic.c.slug)).all())
    found[None] = connection.scalar(select(func.count()).where(wanted)) or 0
    return found


def _has_topic(slug: str | None) -> ColumnElement[bool]:
    if slug is None:
        return _is_shown()
    tag = paper_topic.c
    return and_(_is_shown(), select(tag.slug).where(tag.slug == slug, tag.paper_id == paper.c.id).exists())


def _is_shown() -> ColumnElement[bool]:
    return and_(or_(paper.c.sequence > 0, paper.c.archived), is_not_hidden(paper.c.id))
