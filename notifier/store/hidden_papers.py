"""Hide papers from lists, feeds, searches and new digests, and tell which papers are hidden.

Few papers are hidden, so SQL conditions exclude their ids by a subquery, which the database evaluates once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, select

from notifier.models import Paper
from notifier.store.statements import in_parameter, insert_into
from notifier.store.tables import hidden_paper, paper, paper_alias, paper_tokens


def hide(connection: Connection, paper_id: int, now: datetime) -> None:
    """Hide a paper."""
    new = insert_into(connection.dialect, hidden_paper).values(paper_id=paper_id, hidden_at=now)
    connection.execute(new.on_conflict_do_nothing())


def unhide(connection: Connection, paper_id: int) -> None:
    """Show a paper again."""
    connection.execute(delete(hidden_paper).where(hidden_paper.c.paper_id == paper_id))


def hidden_among(connection: Connection, ids: Iterable[int]) -> set[int]:
    """Return those of these ids of papers that are hidden."""
    return set(connection.scalars(_hidden_among(connection.dialect.name), {"ids": list(ids)}))


@cache
def _hidden_among(dialect: str) -> Select[Any]:
    row = hidden_paper.c
    return select(row.paper_id).where(in_parameter(dialect, row.paper_id, "ids"))


def all_hidden(connection: Connection) -> set[int]:
    """Return the ids of all hidden papers, and those of papers that were merged into them."""
    hidden = select(hidden_paper.c.paper_id)
    merged = select(paper_alias.c.old_id).where(paper_alias.c.paper_id.in_(hidden))
    return {*connection.scalars(hidden), *connection.scalars(merged)}


def newest_hidden(connection: Connection, limit: int) -> list[int]:
    """Return the ids of at most `limit` hidden papers, the one that was hidden last first."""
    row = hidden_paper.c
    return list(connection.scalars(select(row.paper_id).order_by(row.hidden_at.desc(), row.paper_id).limit(limit)))


def hidden_keys(connection: Connection) -> set[str]:
    """Return the keys of all hidden papers, and those of papers that were merged into them."""
    row, alias = paper.c, paper_alias.c
    keys = select(row.key).join(hidden_paper, hidden_paper.c.paper_id == row.id)
    old_keys = select(alias.old_key).join(hidden_paper, hidden_paper.c.paper_id == alias.paper_id)
    return {*connection.scalars(keys), *connection.scalars(old_keys)}


def without_hidden(connection: Connection, found: Mapping[int, Paper]) -> dict[int, Paper]:
    """Return papers by id without those that are hidden."""
    hidden = hidden_among(connection, {each.id for each in found.values()})
    return {number: each for number, each in found.items() if each.id not in hidden}


def is_not_hidden(paper_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the paper with the id in this column is not hidden."""
    return paper_id.not_in(select(hidden_paper.c.paper_id))


def is_key_shown(search_key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the paper with the search key in this column is not hidden."""
    hidden = select(paper_tokens.c.search_key).join(hidden_paper, hidden_paper.c.paper_id == paper_tokens.c.paper_id)
    return search_key.not_in(hidden)
