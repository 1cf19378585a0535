"""Writing a dump: its row, its listings, and what became of the papers, in one write transaction.

The papers that the dump may touch are read first, the listings are placed among them in memory, and the outcome is
written in a few bulk statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from notifier.models import ListedOnFrom
from notifier.papers.identity import PreparedListing
from notifier.papers.merging import PaperFacts, dump_origins, load_origins
from notifier.papers.placing import ListingPlacer, PendingPaper
from notifier.store import paper_tokens, subscriptions, tags
from notifier.store.statements import among, batches, insert_all, insert_one
from notifier.store.tables import dump, listing, paper, paper_alias, paper_title, paper_topic, withdrawal


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


INGEST_LOCK = 0x6E6F7469  # a number of our own, for PostgreSQL's advisory lock


@dataclass(frozen=True, slots=True)
class NewDump:
    """A dump about to be stored."""

    sha256: str
    name: str
    format: str
    listed_on: date
    listed_on_from: ListedOnFrom
    at: datetime


@dataclass(frozen=True, slots=True)
class AnnouncePolicy:
    """How a dump's papers are announced: not at all, where it is an `archive`, which is stored as announced already.

    `upvotes_named` are the numbers of upvotes that matter beside those that stored queries name: those of the topics.
    """

    upvotes_named: frozenset[int] = frozenset()
    archive: bool = False


AS_NEWS = AnnouncePolicy()

_FACTS = tuple(each.name for each in fields(PaperFacts))  # columns of the paper's row too
_facts_of = attrgetter(*_FACTS)


@dataclass(frozen=True, slots=True)
class IngestCounts:
    """What a dump brought: its distinct papers, those of them that are new, and the listings of papers known before."""

    papers: int
    new: int
    merged: int


def is_known(connection: Connection, sha256: str) -> bool:
    """Whether a dump of these bytes was ingested before."""
    return connection.scalar(select(dump.c.id).where(dump.c.sha256 == sha256)) is not None


def known_keys(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Those of the keys that stored papers have."""
    return set(connection.scalars(select(paper.c.key).where(among(connection, paper.c.key, keys))))


def lock(connection: Connection) -> None:
    """Let one dump be stored at a time, until this transaction ends: two would take the same sequence numbers.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(INGEST_LOCK)))


def add_dump(
    connection: Connection,
    arrival: NewDump,
    listings: Sequence[PreparedListing],
    announcing: AnnouncePolicy = AS_NEWS,
    deleted: Iterable[str] = (),
) -> IngestCounts:
    """Store the dump, its listings, the papers that they are listings of, and which arXiv ids it says are deleted."""
    desk = _desk(connection, arrival, listings, announcing)
    for each in listings:
        desk.place(each)
    if not announcing.archive:
        desk.announce_again(_upvotes_named(connection, listings, announcing))
    new = sum(work.id is None for work in desk.works)
    dump_id = _insert_dump(connection, arrival)
    _write_papers(connection, desk.works)
    rows = [_listing_row(each, work, dump_id) for work in desk.works for each in work.listings]
    insert_all(connection, listing, rows)
    withdraw(connection, deleted, (each.facts.arxiv_id for each in listings if each.facts.arxiv_id))
    return IngestCounts(papers=sum(bool(work.listings) for work in desk.works), new=new, merged=len(listings) - new)


def _desk(
    connection: Connection, arrival: NewDump, listings: Sequence[PreparedListing], announcing: AnnouncePolicy
) -> ListingPlacer:
    """The papers that the listings may touch, and the sequence numbers in use."""
    lowest, highest = connection.execute(select(func.min(paper.c.sequence), func.max(paper.c.sequence))).one()
    works = _known_works(connection, listings)
    return ListingPlacer(works, max(highest or 0, 0), min(lowest or 0, 0), arrival.at, archive=announcing.archive)


def _upvotes_named(
    connection: Connection, listings: Sequence[PreparedListing], announcing: AnnouncePolicy
) -> Sequence[int]:
    """The numbers that matter, as far as the listings reach, ascending."""
    highest = max((each.upvotes for each in listings if each.upvotes is not None), default=None)
    if highest is None:
        return ()
    return sorted(announcing.upvotes_named | subscriptions.upvotes_named(connection, highest))


def _known_works(connection: Connection, listings: Sequence[PreparedListing]) -> list[PendingPaper]:
    """The stored papers that share an arXiv id or a title with the listings, oldest first."""
    titles: dict[int, set[str]] = {}
    identities = {each.identity for each in listings}
    title = paper_title.c
    borne = select(title.identity, title.paper_id).where(among(connection, title.identity, identities))
    for identity, paper_id in connection.execute(borne):
        titles.setdefault(paper_id, set()).add(identity)
    arxiv_ids = {each.facts.arxiv_id for each in listings if each.facts.arxiv_id}
    numbered = connection.scalars(select(paper.c.id).where(among(connection, paper.c.arxiv_id, arxiv_ids)))
    works = []
    for some_ids in batches(sorted({*titles, *numbered})):
        rows = connection.execute(select(paper).where(paper.c.id.in_(some_ids)).order_by(paper.c.id))
        works += [_work_of(row, titles.get(row.id, set())) for row in rows]
    return works


def _work_of(row: Row[Any], titles: set[str]) -> PendingPaper:
    known = dict(zip(_FACTS, _facts_of(row), strict=True))
    facts = PaperFacts(**{**known, "origins": load_origins(row.origins)})
    return PendingPaper(
        facts,
        row.key,
        row.first_seen,
        row.sequence,
        id=row.id,
        stored=(facts,),
        archived=row.archived,
        titles=set(titles),
        stored_titles=set(titles),
    )


def _insert_dump(connection: Connection, arrival: NewDump) -> int:
    row = {each.name: getattr(arrival, each.name) for each in fields(NewDump)}
    row["ingested_at"] = row.pop("at")
    return insert_one(connection, dump, row)


def _write_papers(connection: Connection, works: Sequence[PendingPaper]) -> None:
    _insert_papers(connection, [work for work in works if work.id is None])
    for work in works:
        for gone in work.absorbed:
            _redirect(connection, gone, work)
    _update_papers(connection, [work for work in works if work.changed])
    aliases = [{"old_id": work.id, "old_key": key, "paper_id": work.id} for work in works for key in work.former_keys]
    titles = [
        {"identity": title, "paper_id": work.id} for work in works for title in sorted(work.titles - work.stored_titles)
    ]
    insert_all(connection, paper_alias, aliases)
    insert_all(connection, paper_title, titles)


def _insert_papers(connection: Connection, works: list[PendingPaper]) -> None:
    """All in one statement, and their ids by another: asking for them row by row costs more than all else here.

    A new id is greater than any before it.
    """
    last = connection.scalar(select(func.max(paper.c.id))) or 0
    rows = [
        {
            **_columns(work),
            "guid": work.key,
            "archived": work.archived,
            "first_seen": work.first_seen,
            "first_sequence": work.sequence,
            "tagged_by": work.tags.fingerprint if work.tags else None,
        }
        for work in works
    ]
    insert_all(connection, paper, rows)
    by_key = {work.key: work for work in works}
    for key, paper_id in connection.execute(select(paper.c.key, paper.c.id).where(paper.c.id > last)):
        if key in by_key:  # PostgreSQL shows what another dump has stored meanwhile
            by_key[key].id = paper_id
    tags.add(connection, {work.id: work.tags for work in works if work.tags and work.id is not None})


def _update_papers(connection: Connection, works: list[PendingPaper]) -> None:
    rows = [{**_columns(work), "row_id": work.id} for work in works]
    changed = update(paper).where(paper.c.id == bindparam("row_id"))
    if rows:
        connection.execute(changed.values(revision=paper.c.revision + 1, tagged_by=None), rows)
    paper_tokens.drop(connection, [work.id for work in works if work.reworded and work.id is not None])


def _columns(work: PendingPaper) -> dict[str, Any]:
    facts = zip(_FACTS, _facts_of(work.facts), strict=True)
    return {**dict(facts), "origins": dump_origins(work.facts.origins), "key": work.key, "sequence": work.sequence}


def _redirect(connection: Connection, gone: PendingPaper, stays: PendingPaper) -> None:
    """Let everything that names the row `gone` find the row that stays; a paper new in this dump has none."""
    if gone.id is None:
        return
    title = paper_title.c
    borne = select(title.identity).where(title.paper_id == stays.id)
    connection.execute(delete(paper_title).where(title.paper_id == gone.id, title.identity.in_(borne)))
    for table in (paper_title, listing, paper_alias):
        connection.execute(update(table).where(table.c.paper_id == gone.id).values(paper_id=stays.id))
    connection.execute(delete(paper_topic).where(paper_topic.c.paper_id == gone.id))
    paper_tokens.drop(connection, [gone.id])
    connection.execute(delete(paper).where(paper.c.id == gone.id))
    connection.execute(insert(paper_alias).values(old_id=gone.id, old_key=gone.key, paper_id=stays.id))


def _listing_row(prepared: PreparedListing, work: PendingPaper, dump_id: int) -> dict[str, Any]:
    return {
        "paper_id": work.id,
        "dump_id": dump_id,
        "listed_on": prepared.facts.listed_on,
        "position": prepared.position,
        "upvotes": prepared.upvotes,
        "comments": prepared.comments,
        "announce": prepared.announce,
    }
