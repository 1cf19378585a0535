"""Find a paper by its key, and read what its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from notifier import queries
from notifier.errors import UsageError, shortened
from notifier.models import Paper
from notifier.sources import parse_arxiv_id
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

    In the second case, the paper that is returned has another key. So it has if `key` has capitals or is an arXiv id
    with a version. A text that cannot be a key, such as one with NUL, never reaches the database.
    """
    wanted = queries.paper_key(key)
    if wanted is None:
        return None
    if found := read_papers(connection, select(paper).where(paper.c.key == wanted)):
        return found[0]
    alias = paper_alias.c
    merged = select(paper).join(paper_alias, alias.paper_id == paper.c.id).where(alias.old_key == wanted)
    return next(iter(read_papers(connection, merged)), None)


def typed_key(text: str) -> str:
    """Return the key in a text that somebody typed or copied; empty if there is none.

    The text may be a key, an arXiv id in any form, such as a URL, or the address of a paper's page.
    """
    if found := parse_arxiv_id(text) or parse_arxiv_id(text.lower()):
        return found.arxiv_id
    address = text.partition("?")[0].partition("#")[0].strip().rstrip("/")
    return queries.paper_key(address.lower().rpartition("/paper/")[2]) or ""


def paper_as_typed(connection: Connection, text: str) -> Paper:
    """Return the paper whose key is in what somebody typed; see `typed_key`. Raises UsageError if there is none."""
    found = paper_by_key(connection, typed_key(text))
    if found is None:
        shown = shortened(text if text.isprintable() else repr(text), 64)
        raise UsageError(f"there is no paper {shown}; give its arXiv id, or the end of its page's address")
    return found


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
