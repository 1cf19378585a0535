"""Which arXiv ids were deleted at their source: kept by id, for the paper may come before or after."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from notifier.store.statements import batches, insert_all
from notifier.store.tables import paper, withdrawal


def withdraw(connection: Connection, deleted: Iterable[str], listed: Iterable[str]) -> None:
    """Keep the ids that are `deleted` now, and mark the papers of these, and of those `listed`, that ever were."""
    gone = set(deleted)
    for some in batches(gone):
        known = connection.scalars(select(withdrawal.c.arxiv_id).where(withdrawal.c.arxiv_id.in_(some)))
        insert_all(connection, withdrawal, [{"arxiv_id": each} for each in sorted(set(some).difference(known))])
    if connection.scalar(select(withdrawal.c.arxiv_id).limit(1)) is None:
        return
    for some in batches({*gone, *listed}):
        ever_deleted = select(withdrawal.c.arxiv_id).where(withdrawal.c.arxiv_id.in_(some))
        marked = update(paper).where(paper.c.arxiv_id.in_(ever_deleted), paper.c.withdrawn.is_(False))
        connection.execute(marked.values(withdrawn=True))
