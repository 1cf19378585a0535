"""All papers of a store."""

from __future__ import annotations

from sqlalchemy import Connection, select

from notifier.models import Paper
from notifier.store import papers, tables


def all_papers(connection: Connection) -> list[Paper]:
    """Return all stored papers, oldest first."""
    return papers.read_papers(connection, select(tables.paper).order_by(tables.paper.c.id))
