"""Store when each source was fetched, its documents, its problem, and which process fetches it now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, case, delete, func, select, update

from notifier.models import DayCount, SourceHistory
from notifier.store.statements import insert_into
from notifier.store.tables import dump, listing, source, source_day, source_url

FILE_SCHEME = "file:"  # of the URLs of files in the folder of a source
FINGERPRINT_KEY = "settings:"  # the key of a row that is no document: its `sha256` is the config's fingerprint
MAX_URL_LENGTH = 600  # characters; PostgreSQL indexes at most 2,704 bytes


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of a source; see tables.SourceRow. A source that was never fetched has the default state."""

    name: str
    first_succeeded_at: datetime | None = None
    last_tried_at: datetime | None = None
    last_succeeded_at: datetime | None = None
    next_due: datetime | None = None
    failures: int = 0
    problem: str = ""
    problem_since: datetime | None = None
    taken_until: date | None = None


@dataclass(frozen=True, slots=True)
class SourceClaim:
    """The right of the process `owner` to fetch a source until the instant `until`."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """The last document from a URL of a source; see tables.SourceUrlRow."""

    url: str
    sha256: str
    unchanged_since: datetime
    seen_at: datetime
    etag: str = ""
    last_modified: str = ""
    day: date | None = None
    papers: int = 0
    problem: str = ""


_STATE = [source.c[field.name] for field in fields(SourceState)]
_DOCUMENT = [source_url.c["url_key" if field.name == "url" else field.name] for field in fields(SourceDocument)]


def url_key(url: str) -> str:
    """Return the key under which a URL is stored: itself, or its beginning and a hash if it is too long."""
    return url if len(url) <= MAX_URL_LENGTH else f"{url[: MAX_URL_LENGTH // 2]}#{sha256(url.encode()).hexdigest()}"


def states(connection: Connection) -> dict[str, SourceState]:
    """Return the state of each source that was ever tried, by name."""
    rows = connection.execute(select(*_STATE).order_by(source.c.name))
    return {row.name: SourceState(*row) for row in rows}


def state(connection: Connection, name: str) -> SourceState:
    """Return the state of a source."""
    row = connection.execute(select(*_STATE).where(source.c.name == name)).one_or_none()
    return SourceState(*row) if row else SourceState(name)


def lock_claim(connection: Connection, name: str) -> SourceClaim | None:
    """Return the claim to a source, or None if there is none, and lock its row until this transaction ends.

    A source without a row gets one.
    """
    new = insert_into(connection.dialect, source).values(name=name, failures=0, problem="")
    connection.execute(new.on_conflict_do_nothing())
    claim = select(source.c.owner, source.c.leased_until).where(source.c.name == name)
    owner, until = connection.execute(claim.with_for_update()).one()
    return SourceClaim(owner, until) if owner is not None else None


def set_claim(connection: Connection, name: str, claim: SourceClaim) -> None:
    """Store the claim to a source; the caller has locked its row in this transaction."""
    claimed = {"owner": claim.owner, "leased_until": claim.until}
    connection.execute(update(source).where(source.c.name == name).values(claimed))


def renew_claim(connection: Connection, name: str, claim: SourceClaim) -> bool:
    """Move the end of an owner's claim to `claim.until`, and return whether the owner still has the claim.

    The row of the source is locked until this transaction ends.
    """
    mine = update(source).where(source.c.name == name, source.c.owner == claim.owner)
    return connection.execute(mine.values(leased_until=claim.until)).rowcount == 1


def release(connection: Connection, name: str, owner: str) -> None:
    """End the claim of this owner to a source; the claim of another owner is kept."""
    mine = update(source).where(source.c.name == name, source.c.owner == owner)
    connection.execute(mine.values(owner=None, leased_until=None))


def write_state(connection: Connection, state: SourceState) -> None:
    """Store the state of a source that has a row."""
    connection.execute(update(source).where(source.c.name == state.name).values(asdict(state)))


def documents(connection: Connection, name: str) -> dict[str, SourceDocument]:
    """Return the documents of a source by `url_key` of their URLs."""
    mine = select(*_DOCUMENT).where(source_url.c.source == name, source_url.c.url_key != FINGERPRINT_KEY)
    rows = connection.execute(mine.order_by(source_url.c.url_key))
    return {row.url_key: SourceDocument(*row) for row in rows}


def config_fingerprints(connection: Connection) -> dict[str, str]:
    """Return the fingerprint of the config with which each source was fetched last, by name."""
    rows = select(source_url.c.source, source_url.c.sha256).where(source_url.c.url_key == FINGERPRINT_KEY)
    return {row.source: row.sha256 for row in connection.execute(rows)}


def write_config_fingerprint(connection: Connection, name: str, fingerprint: str, now: datetime) -> None:
    """Store the fingerprint of the config with which a source was fetched."""
    write_document(connection, name, SourceDocument(FINGERPRINT_KEY, fingerprint, now, now))


def write_document(connection: Connection, name: str, document: SourceDocument) -> None:
    """Store a document of a source in place of the last one from the same URL."""
    values = asdict(document)
    values["url_key"] = url_key(values.pop("url"))
    _replace(connection, source_url, {"source": name, **values})


def delete_documents(connection: Connection, name: str, keys: Collection[str]) -> None:
    """Delete the documents with these keys, because their files are gone."""
    for key in keys:
        connection.execute(delete(source_url).where(source_url.c.source == name, source_url.c.url_key == key))


def papers_of_day(connection: Connection, name: str, day: date) -> int:
    """Return the number of papers of this day in the last document of each URL."""
    counted = select(func.sum(source_url.c.papers)).where(source_url.c.source == name, source_url.c.day == day)
    return connection.scalar(counted) or 0


def day_with_the_same_papers(connection: Connection, name: str, sha256: str, day: date) -> date | None:
    """Return another day of a source that had exactly the papers of a dump; None if no day had.

    `day` is the day for which the dump was fetched. Its bytes may differ from those of the other day, because upvotes
    grow. Return None also if `day` itself had these papers before.
    """
    dump_id = connection.scalar(select(dump.c.id).where(dump.c.sha256 == sha256))
    papers = select(listing.c.paper_id).where(listing.c.dump_id == dump_id)
    size = connection.scalar(select(func.count(listing.c.paper_id.distinct())).where(listing.c.dump_id == dump_id))
    if not size:
        return None
    sharing = select(listing.c.dump_id).where(listing.c.paper_id.in_(papers), listing.c.dump_id != dump_id)
    shared = func.count(case((listing.c.paper_id.in_(papers), listing.c.paper_id)).distinct())
    same = (
        select(listing.c.dump_id)
        .where(listing.c.dump_id.in_(sharing))
        .group_by(listing.c.dump_id)
        .having(shared == size, func.count(listing.c.paper_id.distinct()) == size)
    )
    days = (
        select(source_day.c.day)
        .join(dump, dump.c.listed_on == source_day.c.day)
        .where(source_day.c.source == name, source_day.c.papers == size, dump.c.id.in_(same))
    )
    found = set(connection.scalars(days))
    return None if day in found else min(found, default=None)


def day_count(connection: Connection, name: str, day: date) -> DayCount | None:
    """Return the count of one day; None if no document came for it."""
    return _day_counts(connection, name, day, day).get(day)


def write_day(connection: Connection, name: str, day: date, count: DayCount, now: datetime) -> None:
    """Store the count of a day in place of an earlier one."""
    _replace(connection, source_day, {"source": name, "day": day, **asdict(count), "taken_at": now})


def write_missed(connection: Connection, state: SourceState, days: Collection[date]) -> None:
    """Store that the number of papers of these days is unknown, except for those days that have a count."""
    unknown = asdict(DayCount(0, is_complete=False))
    rows = [{"source": state.name, "day": day, **unknown, "taken_at": state.last_tried_at} for day in days]
    if rows:
        connection.execute(insert_into(connection.dialect, source_day).on_conflict_do_nothing(), rows)


def history(connection: Connection, name: str, since: date = date.min) -> SourceHistory:
    """Return the history of a source, with the counts of the days from `since` on."""
    known = state(connection, name)
    return SourceHistory(
        name=name,
        first_succeeded_at=known.first_succeeded_at,
        last_tried_at=known.last_tried_at,
        last_succeeded_at=known.last_succeeded_at,
        failures=known.failures,
        problem=known.problem,
        problem_since=known.problem_since,
        unchanged_since=_unchanged_since(connection, name),
        days=_day_counts(connection, name, since, date.max),
        next_due=known.next_due,
    )


def sweep(connection: Connection, configured: Collection[str], before: datetime) -> None:
    """Delete the records of documents and of sources that were last seen before this instant.

    The documents of files stay: an unchanged file is not seen again, however often its folder is read. The sources in
    `configured` stay too.
    """
    stays = source_url.c.url_key.startswith(FILE_SCHEME, autoescape=True) | (source_url.c.url_key == FINGERPRINT_KEY)
    connection.execute(delete(source_url).where(source_url.c.seen_at < before, ~stays))
    removed = delete(source).where(source.c.name.not_in(configured), source.c.last_tried_at < before)
    connection.execute(removed)


def _unchanged_since(connection: Connection, name: str) -> datetime | None:
    """Return the instant since which all documents of the last fetch have been the same; None if one is new."""
    table = source_url.c
    is_document = (table.source == name) & (table.url_key != FINGERPRINT_KEY)
    last = select(func.max(table.seen_at)).where(is_document).scalar_subquery()
    seen = select(table.unchanged_since, table.seen_at).where(is_document, table.seen_at == last)
    since = [None if begun == seen_at else begun for begun, seen_at in connection.execute(seen)]
    return max((begun for begun in since if begun is not None), default=None) if None not in since else None


def _day_counts(connection: Connection, name: str, first: date, last: date) -> dict[date, DayCount]:
    table = source_day.c
    columns = (table.day, table.papers, table.stated, table.is_complete, table.newest)
    counts = select(*columns).where(table.source == name, table.day.between(first, last)).order_by(table.day)
    return {day: DayCount(*count) for day, *count in connection.execute(counts)}


def _replace(connection: Connection, table: Any, values: dict[str, Any]) -> None:
    """Insert a row, or replace the one with the same key."""
    statement = insert_into(connection.dialect, table).values(values)
    keys = [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
