"""Store a dump: its row, its listings, and the papers that it adds or changes, in one write transaction.

The stored papers that the listings may belong to are read first. Then the listings are assigned to papers in memory
(see papers.placing), and the result is written in a few bulk statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, select, update

from notifier.models import ListedOnFrom
from notifier.papers.identity import PreparedListing
from notifier.papers.merging import PaperFacts, decode_origins, encode_origins
from notifier.papers.pending import PendingPaper
from notifier.papers.placing import ListingPlacer
from notifier.store import feedback, paper_tokens, subscriptions, tags, votes
from notifier.store.advisory_locks import AdvisoryLock, wait_for
from notifier.store.curated_papers import (
    CuratedFacts,
    curated_facts,
    move_curation,
    papers_with_corrected_identities,
    store_corrected_identities,
    write_facts,
)
from notifier.store.paper_tokens import TokenisedPaper
from notifier.store.papers import locked
from notifier.store.statements import batches, in_values, insert_all, insert_into, insert_one
from notifier.store.tables import dump, listing, paper, paper_alias, paper_title, paper_topic, withdrawal


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

_FACT_NAMES = tuple(field.name for field in fields(PaperFacts))  # also the names of columns of the table `paper`
_fact_values = attrgetter(*_FACT_NAMES)
_UNCHANGED = CuratedFacts()  # of a paper that no curator has changed


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


def pending_papers(connection: Connection, ids: Iterable[int]) -> list[PendingPaper]:
    """Return the stored papers with these ids, oldest first, to be changed in memory; their identities are not read."""
    found = []
    for batch in batches(sorted(ids)):
        curated = curated_facts(connection, batch)
        rows = connection.execute(select(paper).where(paper.c.id.in_(batch)).order_by(paper.c.id))
        found += [_pending_paper(row, curated.get(row.id, _UNCHANGED)) for row in rows]
    return found


def _pending_paper(row: Row[Any], curated: CuratedFacts) -> PendingPaper:
    values = dict(zip(_FACT_NAMES, _fact_values(row), strict=True))
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


def _write_papers(connection: Connection, papers: Sequence[PendingPaper]) -> None:
    paper_tokens.drop_outdated(connection)
    to_index = [each for each in papers if each.id is None or each.is_indexed_differently]
    absorbed = [each.id for paper in papers for each in paper.absorbed]
    outdated = {paper_id for paper_id in (*absorbed, *(each.id for each in to_index)) if paper_id is not None}
    keys = paper_tokens.drop(connection, sorted(outdated))
    locked(connection, {paper_id for each in papers if each.absorbed for paper_id in _ids_of_rows(each)})
    _insert_papers(connection, [each for each in papers if each.id is None])
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


def _insert_papers(connection: Connection, papers: list[PendingPaper]) -> None:
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
    values = dict(zip(_FACT_NAMES, _fact_values(shown), strict=True))
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
