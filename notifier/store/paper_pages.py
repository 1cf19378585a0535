"""Read what the page of one paper shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from notifier.models import Paper
from notifier.store.papers import read_papers
from notifier.store.tables import dump, listing, paper, paper_alias


@dataclass(frozen=True, slots=True)
class PaperListing:
    """A paper's listing: on which day, by which format of dump, at which position, and with how many upvotes."""

    listed_on: date
    format: str
    position: int
    upvotes: int | None


def paper_by_key(connection: Connection, key: str) -> Paper | None:
    """Return the paper with this key, or the one into which the paper with this key was merged; None if there is none.

    In the second case, the paper that is returned has another key.
    """
    if found := read_papers(connection, select(paper).where(paper.c.key == key)):
        return found[0]
    merged = select(paper).join(paper_alias, paper_alias.c.paper_id == paper.c.id).where(paper_alias.c.old_key == key)
    return next(iter(read_papers(connection, merged)), None)


def listings_of(connection: Connection, paper_id: int, limit: int) -> list[PaperListing]:
    """Return at most `limit` listings of a paper, those with the newest days first."""
    row = listing.c
    listed = select(row.listed_on, dump.c.format, row.position, row.upvotes).join(dump).where(row.paper_id == paper_id)
    found = connection.execute(listed.order_by(row.listed_on.desc(), row.id.desc()).limit(limit))
    return [PaperListing(*each) for each in found]


def former_keys(connection: Connection, paper_id: int) -> list[str]:
    """Return the keys of the papers that were merged into this one."""
    keys = select(paper_alias.c.old_key).where(paper_alias.c.paper_id == paper_id)
    return list(connection.scalars(keys.order_by(paper_alias.c.old_key)))
