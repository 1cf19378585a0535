"""Store a dump: its row, its listings, and the papers that it adds or changes, in one write transaction.

The stored papers that the listings may belong to are read first. Then the listings are assigned to papers in memory
(see papers.placing), and the result is written in a few bulk statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from notifier.models import ListedOnFrom
from notifier.papers.identity import PreparedListing
from notifier.papers.pending import PendingPaper
from notifier.papers.placing import ListingPlacer
from notifier.store import paper_tokens, subscriptions
from notifier.store.advisory_locks import AdvisoryLock, wait_for
from notifier.store.curated_papers import (
    move_curation,
    papers_with_corrected_identities,
    store_corrected_identities,
    write_facts,
)
from notifier.store.papers import locked
from notifier.store.pending_papers import insert_papers, merge_rows, pending_papers, tokenised_paper, update_papers
from notifier.store.statements import batches, in_values, insert_all, insert_one
from notifier.store.tables import dump, listing, paper, paper_alias, paper_title, withdrawal


@dataclass(frozen=True, slots=True)
class NewDump:
    """A dump that is about to be stored; its fields are columns of the dump's row."""

    sha256: str
    name: str
    format: str
    listed_on: date
    listed_on_from: ListedOnFrom
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class AnnouncePolicy:
    """The way in which a dump's papers are announced to subscribers.

    If `archive` is true, the papers are stored as if they had been announced already, so no digest contains them. A
    paper is announced again when its upvotes reach one of `upvotes_named`, the numbers that the topics' queries name.
    Numbers that stored queries name have the same effect; they need not be given.
    """

    upvotes_named: frozenset[int] = frozenset()
    archive: bool = False


ANNOUNCED = AnnouncePolicy()  # announces the papers of a dump; no topic names a number of upvotes


@dataclass(frozen=True, slots=True)
class IngestCounts:
    """The numbers of a dump's distinct papers, of those that are new, and of its listings that added no paper."""

    papers: int
    new: int
    merged: int


def is_known(connection: Connection, sha256: str) -> bool:
    """Return whether a dump with this SHA-256 was ingested before."""
    return connection.scalar(select(dump.c.id).where(dump.c.sha256 == sha256)) is not None


def known_keys(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Return those of the keys that belong to stored papers."""
    return set(connection.scalars(select(paper.c.key).where(in_values(connection, paper.c.key, keys))))


def lock(connection: Connection) -> None:
    """Wait until no other transaction stores a dump, and keep others out until this transaction ends.

    Two transactions at once would give the same sequence numbers to different papers. Because the lock is held until
    the commit, sequence numbers and ids of dumps also become visible in ascending order.
    """
    wait_for(connection, AdvisoryLock.INGEST)


def add_dump(
    connection: Connection,
    new_dump: NewDump,
    listings: Sequence[PreparedListing],
    announcing: AnnouncePolicy = ANNOUNCED,
    deleted: Iterable[str] = (),
) -> IngestCounts:
    """Store a dump with its listings and their papers.

    If several processes may store dumps at once, call `lock` first, in the same transaction. `deleted` holds the arXiv
    ids that were deleted at the dump's source; their papers are marked as withdrawn.
    """
    placer = _listing_placer(connection, new_dump, listings, announcing)
    for prepared in listings:
        placer.place(prepared)
    if not announcing.archive:
        placer.announce_again(_upvotes_named(connection, listings, announcing))
    papers = placer.papers
    new = sum(pending.id is None for pending in papers)
    dump_id = insert_one(connection, dump, {field.name: getattr(new_dump, field.name) for field in fields(NewDump)})
    _write_papers(connection, papers)
    rows = [_listing_row(prepared, pending, dump_id) for pending in papers for prepared in pending.listings]
    insert_all(connection, listing, rows)
    _mark_withdrawn(connection, deleted, listings)
    listed = sum(bool(pending.listings) for pending in papers)
    return IngestCounts(papers=listed, new=new, merged=len(listings) - new)


def _listing_placer(
    connection: Connection, new_dump: NewDump, listings: Sequence[PreparedListing], announcing: AnnouncePolicy
) -> ListingPlacer:
    lowest, highest = connection.execute(select(func.min(paper.c.sequence), func.max(paper.c.sequence))).one()
    known = _known_papers(connection, listings)
    now = new_dump.ingested_at
    return ListingPlacer(known, max(highest or 0, 0), min(lowest or 0, 0), now, archive=announcing.archive)


def _upvotes_named(
    connection: Connection, listings: Sequence[PreparedListing], announcing: AnnouncePolicy
) -> Sequence[int]:
    """Return the numbers of upvotes that topics and stored queries name, ascending.

    Numbers that only stored queries name are left out if they are above the upvotes of all listings. No numbers are
    returned if no listing gives upvotes.
    """
    highest = max((prepared.upvotes for prepared in listings if prepared.upvotes is not None), default=None)
    if highest is None:
        return ()
    return sorted(announcing.upvotes_named | subscriptions.upvotes_named(connection, highest))


def _known_papers(connection: Connection, listings: Sequence[PreparedListing]) -> list[PendingPaper]:
    """Return the stored papers that share an arXiv id or another identity with the listings, oldest first."""
    titles: dict[int, set[str]] = {}
    identities = {identity for prepared in listings for identity in prepared.identities}
    row = paper_title.c
    same_title = select(row.identity, row.paper_id).where(in_values(connection, row.identity, identities))
    for identity, paper_id in connection.execute(same_title):
        titles.setdefault(paper_id, set()).add(identity)
    corrected = papers_with_corrected_identities(connection, identities)
    arxiv_ids = {prepared.facts.arxiv_id for prepared in listings if prepared.facts.arxiv_id}
    same_arxiv_id = connection.scalars(select(paper.c.id).where(in_values(connection, paper.c.arxiv_id, arxiv_ids)))
    found = pending_papers(connection, {*titles, *corrected, *same_arxiv_id})
    for each in found:
        assert each.id is not None, "the papers are stored"
        each.stored_identities = titles.get(each.id, set())
        each.identities = each.stored_identities | corrected.get(each.id, set())
    return found


def _write_papers(connection: Connection, papers: Sequence[PendingPaper]) -> None:
    # The rows are locked before tokens and vectors are deleted. A process that tags papers locks in the same order;
    # otherwise each of the two could wait for the other.
    to_change = [each for each in papers if each.absorbed or each.changed or each.is_indexed_differently]
    locked(connection, {paper_id for each in to_change for paper_id in _ids_of_rows(each)}, also_references=True)
    paper_tokens.drop_outdated(connection)
    to_index = [each for each in papers if each.id is None or each.is_indexed_differently]
    absorbed = [each.id for paper in papers for each in paper.absorbed]
    outdated = {paper_id for paper_id in (*absorbed, *(each.id for each in to_index)) if paper_id is not None}
    keys = paper_tokens.drop(connection, sorted(outdated))
    insert_papers(connection, [each for each in papers if each.id is None])
    for each in papers:
        for other in each.absorbed:
            if other.id is not None and each.id is not None:
                move_curation(connection, other.id, each.id)
            merge_rows(connection, other, each)
            if other.is_curated:
                store_corrected_identities(connection, each)
    update_papers(connection, [each for each in papers if each.changed])
    write_facts(connection, papers)
    paper_tokens.add(connection, list(map(tokenised_paper, to_index)), keys)
    aliases = [
        {"old_id": each.id, "old_key": each.first_key, "paper_id": each.id}
        for each in papers
        if each.key != each.first_key
    ]
    titles = [
        {"identity": identity, "paper_id": each.id}
        for each in papers
        for identity in sorted(each.identities - each.stored_identities)
    ]
    insert_all(connection, paper_alias, aliases)
    insert_all(connection, paper_title, titles)


def _ids_of_rows(pending: PendingPaper) -> Iterator[int]:
    """Yield the ids of the rows of a paper, and of those that were joined to it."""
    yield from (each.id for each in (pending, *pending.absorbed) if each.id is not None)


def _mark_withdrawn(connection: Connection, deleted: Iterable[str], listings: Iterable[PreparedListing]) -> None:
    """Record the arXiv ids that are `deleted`, and mark papers as withdrawn.

    These are the papers with the deleted ids, and the papers of those listings whose ids were recorded as deleted
    earlier: a deletion may be recorded before the paper is listed.
    """
    deleted_now = set(deleted)
    for batch in batches(deleted_now):
        recorded = connection.scalars(select(withdrawal.c.arxiv_id).where(withdrawal.c.arxiv_id.in_(batch)))
        new = sorted(set(batch).difference(recorded))
        insert_all(connection, withdrawal, [{"arxiv_id": arxiv_id} for arxiv_id in new])
    if connection.scalar(select(withdrawal.c.arxiv_id).limit(1)) is None:
        return
    listed = {prepared.facts.arxiv_id for prepared in listings if prepared.facts.arxiv_id}
    for batch in batches(deleted_now | listed):
        ever_deleted = select(withdrawal.c.arxiv_id).where(withdrawal.c.arxiv_id.in_(batch))
        unmarked = update(paper).where(paper.c.arxiv_id.in_(ever_deleted), paper.c.withdrawn.is_(False))
        connection.execute(unmarked.values(withdrawn=True))


def _listing_row(prepared: PreparedListing, pending: PendingPaper, dump_id: int) -> dict[str, Any]:
    return {
        "paper_id": pending.id,
        "dump_id": dump_id,
        "listed_on": prepared.facts.listed_on,
        "position": prepared.position,
        "upvotes": prepared.upvotes,
        "comments": prepared.comments,
        "announce": prepared.announce,
    }
