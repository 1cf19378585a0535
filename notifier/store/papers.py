"""Read stored papers and their listings.

A paper is announced if its sequence number is above 0. Sequence numbers below 0 mark the papers that digests leave out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from notifier.errors import UsageError, shortened
from notifier.models import RANKED_FORMATS, Paper
from notifier.papers.trending import Appearance
from notifier.store.hidden_papers import is_not_hidden, without_hidden
from notifier.store.statements import batches, in_parameter
from notifier.store.tables import dump, listing, paper, paper_alias, paper_topic

CLOCK_SET_BACK = timedelta(days=7)  # first_seen may be this far in the future: the clock may have been set back since

_COLUMNS = tuple(field.name for field in fields(Paper) if field.name != "topics")
_values = attrgetter(*_COLUMNS)


def newest_sequence(connection: Connection) -> int:
    """Return the highest sequence number; 0 if no paper is announced."""
    return connection.scalar(select(func.max(paper.c.sequence)).where(_is_announced())) or 0


def newest_id(connection: Connection) -> int:
    """Return the highest id of a paper; 0 without papers."""
    return connection.scalar(select(func.max(paper.c.id))) or 0


def start_at(connection: Connection, instant: datetime, dumps_until: datetime, now: datetime) -> tuple[int, int]:
    """Return a cursor and a dump's id. From this cursor, a subscriber gets the papers first seen at `instant` or later.

    The cursor is the highest sequence number if there are no such papers. A paper that was first seen more than
    CLOCK_SET_BACK after `now` does not count: the clock was wrong when it was ingested. If it counted, all papers
    ingested after it would be sent as new. The dump is the newest one that was ingested at `dumps_until` or before; its
    id is 0 if there is none. One statement reads both, so that no dump can be committed in between and then be left
    out.
    """
    is_new = paper.c.first_seen.between(instant, now + CLOCK_SET_BACK)
    first = select(func.min(paper.c.sequence)).where(_is_announced(), is_new).scalar_subquery()
    newest = select(func.max(paper.c.sequence)).where(_is_announced()).scalar_subquery()
    newest_dump = select(func.max(dump.c.id)).where(dump.c.ingested_at <= dumps_until).scalar_subquery()
    row = connection.execute(select(func.coalesce(first - 1, newest, 0), func.coalesce(newest_dump, 0))).one()
    return row[0], row[1]


def papers_after(connection: Connection, cursor: int, until: int) -> list[Paper]:
    """Return the papers with sequence numbers above `cursor` and up to `until`, by sequence number.

    Hidden papers are left out here, and by the functions that return the papers of lists and feeds.
    """
    window = _is_announced() & _is_not_hidden() & (paper.c.sequence > cursor) & (paper.c.sequence <= until)
    return read_papers(connection, _select_papers().where(window).order_by(paper.c.sequence))


def papers_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Paper]:
    """Return the papers with these ids, by id; ids of papers that no longer exist are left out.

    The id of a paper that was merged into another paper gives the other paper.
    """
    current = {paper_id: paper_id for paper_id in ids}
    current.update(_aliases(connection, current))
    rows = connection.execute(_among(connection.dialect.name), {"ids": sorted(set(current.values()))}).all()
    found = {each.id: each for each in papers_of(connection, rows)}
    return {paper_id: found[current_id] for paper_id, current_id in current.items() if current_id in found}


def shown_papers_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Paper]:
    """Return the same as `papers_by_id` without the papers that are hidden."""
    return without_hidden(connection, papers_by_id(connection, ids))


def appearances(connection: Connection, ids: Iterable[int], until: date) -> dict[int, list[Appearance]]:
    """Return, by paper, the listings of these papers on the day `until` or before, in the order of their dumps."""
    found: dict[int, list[Appearance]] = {}
    for batch in batches(ids):
        _collect(connection, listing.c.paper_id.in_(batch) & (listing.c.listed_on <= until), found)
    return found


def upvotes_on(connection: Connection, days: Iterable[date]) -> dict[int, list[Appearance]]:
    """Return, by paper, the listings on these days whose upvotes are known."""
    found: dict[int, list[Appearance]] = {}
    for batch in batches(days):
        _collect(connection, listing.c.listed_on.in_(batch) & listing.c.upvotes.is_not(None), found)
    return found


def _collect(connection: Connection, wanted: ColumnElement[bool], found: dict[int, list[Appearance]]) -> None:
    """Add the wanted listings to `found`, by paper, in the order of their dumps."""
    row = listing.c
    listings = select(row.paper_id, row.listed_on, row.position, row.upvotes, dump.c.format).join(dump)
    for paper_id, *appearance in connection.execute(listings.where(wanted).order_by(row.id)):
        found.setdefault(paper_id, []).append(Appearance(*appearance))


def listed_until(connection: Connection, day: date) -> dict[int, str]:
    """Return the keys of the papers first listed on `day` or before, by id."""
    listed = select(paper.c.id, paper.c.key).where(paper.c.listed_on <= day, _is_not_hidden()).order_by(paper.c.id)
    found: dict[int, str] = {}
    found.update(connection.execute(listed).all())
    return found


def listing_days(connection: Connection, until: date) -> tuple[date, date] | None:
    """Return the oldest and the newest day up to `until` on which a paper is listed; None if there is none."""
    day = listing.c.listed_on
    row = connection.execute(select(func.min(day), func.max(day)).where(day <= until)).one()
    return None if row[0] is None else (row[0], row[1])


def listed_between(connection: Connection, first: date, last: date, limit: int) -> list[int]:
    """Return the ids of at most `limit` papers that are listed on these days, those with the newest listings first."""
    newest = func.max(listing.c.listed_on)
    wanted = listing.c.listed_on.between(first, last) & is_not_hidden(listing.c.paper_id)
    listed = select(listing.c.paper_id).where(wanted).group_by(listing.c.paper_id)
    return list(connection.scalars(listed.order_by(newest.desc(), listing.c.paper_id).limit(limit)))


def announced_again(connection: Connection, cursor: int) -> set[int]:
    """Return the ids of the papers that were announced again after `cursor`; earlier digests may contain them."""
    row = paper.c
    again = select(row.id).where(row.sequence > cursor, row.sequence != row.first_sequence)
    return set(connection.scalars(again))


def current_ids(connection: Connection, ids: set[int]) -> set[int]:
    """Replace each id of a paper that was merged into another by the other paper's id, and return the ids."""
    aliases = _aliases(connection, ids)
    return {aliases.get(paper_id, paper_id) for paper_id in ids}


def locked(connection: Connection, ids: Iterable[int], *, also_references: bool = False) -> list[int]:
    """Lock the rows of papers until the transaction ends, in the order of their ids, and return the ids that exist.

    The id of a paper that was merged into another one stands for the other paper, also if it is merged while this waits
    for its lock. With `also_references`, no other transaction can add a row that refers to the papers; a transaction
    that changes a paper's key or deletes a paper needs this.
    """
    wanted, held = set(ids), set[int]()
    while missing := current_ids(connection, wanted) - held:
        found = set[int]()
        for batch in batches(sorted(missing)):
            rows = select(paper.c.id).where(paper.c.id.in_(batch)).order_by(paper.c.id)
            found.update(connection.scalars(rows.with_for_update(key_share=not also_references)))
        held |= found
        if not found and current_ids(connection, missing) == missing:
            break  # the others do not exist
    return sorted(held)


def ids_of_keys(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """Return the id of the paper with each of these keys, or of the one that it was merged into.

    Keys that no paper has or had are left out.
    """
    wanted, alias = sorted(set(keys)), paper_alias.c
    found: dict[str, int] = {}
    for batch in batches(wanted):
        found.update(connection.execute(select(alias.old_key, alias.paper_id).where(alias.old_key.in_(batch))).all())
        found.update(connection.execute(select(paper.c.key, paper.c.id).where(paper.c.key.in_(batch))).all())
    return found


def titles_of_keys(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Return the title of the paper with each of these keys, or of the one that it was merged into."""
    id_of, titles = ids_of_keys(connection, keys), dict[int, str]()
    for batch in batches(set(id_of.values())):
        titles.update(connection.execute(select(paper.c.id, paper.c.title).where(paper.c.id.in_(batch))).all())
    return {key: titles[paper_id] for key, paper_id in id_of.items()}


def check_keys(connection: Connection, keys: Iterable[str]) -> None:
    """Raise UsageError if there is no paper with one of these keys."""
    wanted = set(keys)
    for key in sorted(wanted - ids_of_keys(connection, wanted).keys()):
        raise UsageError(f"there is no paper {shortened(key, 64)}; its key is the end of the address of its page")


def _aliases(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    """Return, for each id of a paper that was merged into another, the id of that other paper."""
    found: dict[int, int] = {}
    found.update(connection.execute(_aliases_among(connection.dialect.name), {"ids": list(ids)}).all())
    return found


@cache
def _aliases_among(dialect: str) -> Select[Any]:
    alias = paper_alias.c
    return select(alias.old_id, alias.paper_id).where(in_parameter(dialect, alias.old_id, "ids"))


def newest(connection: Connection, slug: str | None, limit: int) -> list[int]:
    """Return the ids of the newest announced papers, newest first; only papers of the topic `slug` if it is given."""
    statement = select(paper.c.id).where(_is_announced(), _is_not_hidden())
    if slug is not None:
        tagged = select(paper_topic.c.paper_id).where(paper_topic.c.slug == slug)
        statement = statement.where(paper.c.id.in_(tagged))
    return list(connection.scalars(statement.order_by(paper.c.first_seen.desc(), paper.c.id).limit(limit)))


def newest_chosen(connection: Connection, since: datetime, limit: int) -> list[int]:
    """Return the ids of the newest announced papers that were first seen at `since` or later and that were chosen.

    A paper was chosen if it has votes or upvotes or is in a ranked list. Then its trending score is above 0.
    """
    counts = listing.c.upvotes.is_not(None) | dump.c.format.in_(sorted(RANKED_FORMATS))
    is_chosen = select(listing.c.id).join(dump).where(listing.c.paper_id == paper.c.id, counts).exists()
    is_voted = paper.c.votes > 0
    wanted = (_is_announced(), _is_not_hidden(), paper.c.first_seen >= since, is_chosen | is_voted)
    statement = select(paper.c.id).where(*wanted)
    return list(connection.scalars(statement.order_by(paper.c.first_seen.desc(), paper.c.id).limit(limit)))


def seen_since(connection: Connection, instant: datetime, limit: int) -> list[int]:
    """Return the ids of at most `limit` announced papers that were first seen at `instant` or later, newest first."""
    statement = select(paper.c.id).where(_is_announced(), _is_not_hidden(), paper.c.first_seen >= instant)
    return list(connection.scalars(statement.order_by(paper.c.first_seen.desc(), paper.c.id).limit(limit)))


def first_seen(connection: Connection) -> datetime | None:
    """Return when the first of all papers was first seen; None if there are no papers."""
    return connection.scalar(select(paper.c.first_seen).order_by(paper.c.id).limit(1))


def keys_of(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the key of each of these papers, by id."""
    found: dict[int, str] = {}
    for batch in batches(ids):
        found.update(connection.execute(select(paper.c.id, paper.c.key).where(paper.c.id.in_(batch))).all())
    return found


def titles(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the title of each of these papers, by id."""
    found: dict[int, str] = {}
    for batch in batches(ids):
        found.update(connection.execute(select(paper.c.id, paper.c.title).where(paper.c.id.in_(batch))).all())
    return found


def guids(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the guid of each of these papers, by id; a guid identifies a paper in feeds and never changes."""
    found: dict[int, str] = {}
    for batch in batches(ids):
        found.update(connection.execute(select(paper.c.id, paper.c.guid).where(paper.c.id.in_(batch))).all())
    return found


def read_papers(connection: Connection, statement: Select[Any]) -> list[Paper]:
    """Run a SELECT of whole rows of the table `paper`; return the papers in the order of the rows, with topics."""
    return papers_of(connection, connection.execute(statement).all())


def papers_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[Paper]:
    """Return a paper, with its topics, for each of these whole rows of the table `paper`."""
    topics = topics_of(connection, [row.id for row in rows])
    return [_paper(row, frozenset(topics.get(row.id, ()))) for row in rows]


def topics_of(connection: Connection, ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the slugs of the topics of these papers, by paper id; papers without topics are left out."""
    found: dict[int, list[str]] = {}
    for paper_id, slug in connection.execute(_topics_among(connection.dialect.name), {"ids": list(ids)}):
        found.setdefault(paper_id, []).append(slug)
    return found


@cache
def _topics_among(dialect: str) -> Select[Any]:
    row = paper_topic.c
    return select(row.paper_id, row.slug).where(in_parameter(dialect, row.paper_id, "ids"))


def _is_announced() -> ColumnElement[bool]:
    return paper.c.sequence > 0


def _is_not_hidden() -> ColumnElement[bool]:
    return is_not_hidden(paper.c.id)


def _select_papers() -> Select[Any]:
    return select(paper)


@cache
def _among(dialect: str) -> Select[Any]:
    return select(paper).where(in_parameter(dialect, paper.c.id, "ids"))


def _paper(row: Row[Any], topics: frozenset[str]) -> Paper:
    return Paper(**dict(zip(_COLUMNS, _values(row), strict=True)), topics=topics)
