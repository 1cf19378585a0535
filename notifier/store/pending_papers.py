"""Read and write the rows of papers that are changed in memory, by a dump or by a curator (see `PendingPaper`)."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, select, update

from notifier.papers.merging import PaperFacts, decode_origins, encode_origins
from notifier.papers.pending import PendingPaper
from notifier.store import feedback, paper_tokens, tags, votes
from notifier.store.curated_papers import FACT_NAMES, CuratedFacts, curated_facts
from notifier.store.paper_tokens import TokenisedPaper
from notifier.store.statements import batches, insert_all, insert_into
from notifier.store.tables import listing, paper, paper_alias, paper_title, paper_topic

_fact_values = attrgetter(*FACT_NAMES)
_UNCHANGED = CuratedFacts()  # of a paper that no curator has changed


def pending_papers(connection: Connection, ids: Iterable[int]) -> list[PendingPaper]:
    """Return the stored papers with these ids, oldest first, to be changed in memory; their identities are not read."""
    found = []
    for batch in batches(sorted(ids)):
        curated = curated_facts(connection, batch)
        rows = connection.execute(select(paper).where(paper.c.id.in_(batch)).order_by(paper.c.id))
        found += [_pending_paper(row, curated.get(row.id, _UNCHANGED)) for row in rows]
    return found


def _pending_paper(row: Row[Any], curated: CuratedFacts) -> PendingPaper:
    values = dict(zip(FACT_NAMES, _fact_values(row), strict=True))
    shown = PaperFacts(**{**values, "origins": decode_origins(row.origins)})
    return PendingPaper(
        curated.facts or shown,
        row.key,
        row.first_seen,
        row.sequence,
        id=row.id,
        stored=[shown],
        archived=row.archived,
        parts=dict(curated.parts),
        corrections=dict(curated.corrections),
        parted=set(curated.parted),
    )


def insert_papers(connection: Connection, papers: list[PendingPaper]) -> None:
    """Insert new papers, and set their ids.

    One statement inserts all rows, and another reads their ids, which are greater than all earlier ones. Returning the
    ids row by row would cost more than everything else here.
    """
    last = connection.scalar(select(func.max(paper.c.id))) or 0
    rows = [
        {
            **_columns(new),
            "guid": new.key,
            "archived": new.archived,
            "first_seen": new.first_seen,
            "first_sequence": new.sequence,
            "tagged_by": new.tags.fingerprint if new.tags else None,
        }
        for new in papers
    ]
    insert_all(connection, paper, rows)
    by_key = {new.key: new for new in papers}
    for key, paper_id in connection.execute(select(paper.c.key, paper.c.id).where(paper.c.id > last)):
        if key in by_key:  # on PostgreSQL, another transaction may have committed papers since `last` was read
            by_key[key].id = paper_id
    tags.add(connection, {new.id: new.tags for new in papers if new.tags and new.id is not None})


def update_papers(connection: Connection, papers: list[PendingPaper]) -> None:
    """Write the rows of stored papers that have changed; their topics are then found again."""
    # Rows are updated in the order in which `tags.tag` locks them, because another order could cause a deadlock.
    rows = [{**_columns(each), "row_id": each.id} for each in sorted(papers, key=lambda each: each.id or 0)]
    changed = update(paper).where(paper.c.id == bindparam("row_id"))
    if rows:
        connection.execute(changed.values(revision=paper.c.revision + 1, tagged_by=None), rows)


def tokenised_paper(pending: PendingPaper) -> TokenisedPaper:
    """Return the tokens of a paper whose row was written."""
    assert pending.id is not None, "the paper's row has been written"
    shown = pending.shown
    tokens = pending.tags.tokenised if pending.tags else paper_tokens.tokenise(shown)
    return TokenisedPaper(pending.id, shown.listed_on, tokens)


def _columns(pending: PendingPaper) -> dict[str, Any]:
    shown = pending.shown
    values = dict(zip(FACT_NAMES, _fact_values(shown), strict=True))
    return {
        **values,
        "origins": encode_origins(shown.origins),
        "key": pending.key,
        "sequence": pending.sequence,
        "has_corrected_url": "url" in pending.corrections,
    }


def merge_rows(connection: Connection, absorbed: PendingPaper, kept: PendingPaper) -> None:
    """Delete the row of an absorbed paper, and let what belongs to it refer to the row that is kept.

    These are its titles, listings, aliases, votes and feedback. The topics of the absorbed paper are deleted, and its
    id becomes an alias of the kept paper. Nothing is done if the absorbed paper has no row, because it is new in this
    dump.
    """
    if absorbed.id is None:
        return
    title, same = paper_title.c, paper_title.alias().c
    kept_too = exists().where(same.identity == title.identity, same.paper_id == kept.id)
    connection.execute(delete(paper_title).where(title.paper_id == absorbed.id, kept_too))
    assert kept.id is not None, "the older row stays"
    votes.merge(connection, absorbed.id, kept.id)
    feedback.merge(connection, absorbed.id, kept.id)
    for table in (paper_title, listing, paper_alias):
        connection.execute(update(table).where(table.c.paper_id == absorbed.id).values(paper_id=kept.id))
    connection.execute(delete(paper_topic).where(paper_topic.c.paper_id == absorbed.id))
    connection.execute(delete(paper).where(paper.c.id == absorbed.id))
    alias = {"old_id": absorbed.id, "old_key": absorbed.first_key, "paper_id": kept.id}
    # If the absorbed paper has got its key by a merge, it has two aliases already: that key, and its own one.
    connection.execute(insert_into(connection.dialect, paper_alias).values(alias).on_conflict_do_nothing())
