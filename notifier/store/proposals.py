"""Read the papers that a query may match, in the order of their search keys: the newest listing day first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from notifier.models import Proposal
from notifier.store.hidden_papers import is_key_shown
from notifier.store.paper_tokens import DAY_BITS, first_key
from notifier.store.statements import batches, in_numbers
from notifier.store.tables import paper, paper_tokens, paper_topic
from notifier.store.word_index import matches, relevance, search_key

MAX_KEY = (1 << 63) - 1  # above all search keys


class Candidate(NamedTuple):
    """A paper that a query may match: its search key and its id."""

    key: int
    paper_id: int


def candidates(connection: Connection, proposal: Proposal, below: int, limit: int) -> list[Candidate]:
    """Return the first `limit` papers of the proposal whose search keys are lower than `below`, in descending order."""
    key = _key(connection, proposal)
    chosen = _selected(connection, proposal, key).where(key < below).order_by(key.desc()).limit(limit)
    return _with_ids(connection, list(connection.scalars(chosen)))


def most_relevant(connection: Connection, proposal: Proposal, limit: int) -> list[Candidate]:
    """Return the `limit` papers in which the words of the proposal are most prominent, the most relevant first.

    A proposal without words gives the newest papers.
    """
    if proposal.words is None:
        return candidates(connection, proposal, MAX_KEY, limit)
    key = _key(connection, proposal)
    order = relevance(connection, proposal.words)
    chosen = _selected(connection, proposal, key).order_by(order, key.desc()).limit(limit)
    return _with_ids(connection, list(connection.scalars(chosen)))


def count(connection: Connection, proposal: Proposal) -> int:
    """Return how many papers the proposal has."""
    chosen = _selected(connection, proposal, _key(connection, proposal)).subquery()
    return connection.scalar(select(func.count()).select_from(chosen)) or 0


def count_by_day(connection: Connection, proposal: Proposal) -> dict[date, int]:
    """Return how many papers the proposal has by listing day; days without papers are left out."""
    key = _key(connection, proposal)
    day = key.op(">>")(literal(DAY_BITS, Integer)).label("day")  # in PostgreSQL, a bigint cannot be the shift
    chosen = _selected(connection, proposal, key).with_only_columns(day, func.count()).group_by(literal_column("day"))
    return {date.fromordinal(number): papers for number, papers in connection.execute(chosen)}


def days_searched(connection: Connection, since: date | None) -> tuple[date, date, int] | None:
    """Return the first and the last listing day of the papers that are searched, and their number; None without papers.

    With `since`, papers listed earlier are not searched.
    """
    key = paper_tokens.c.search_key
    statement = select(func.min(key), func.max(key), func.count())
    if since is not None:
        statement = statement.where(key >= first_key(since))
    lowest, highest, papers = connection.execute(statement).one()
    return (date.fromordinal(lowest >> DAY_BITS), date.fromordinal(highest >> DAY_BITS), papers) if papers else None


def listing_day(key: int) -> date:
    """Return the listing day of the papers with this search key."""
    return date.fromordinal(key >> DAY_BITS)


def _key(connection: Connection, proposal: Proposal) -> ColumnElement[int]:
    return paper_tokens.c.search_key if proposal.words is None else search_key(connection)


def _selected(connection: Connection, proposal: Proposal, key: ColumnElement[int]) -> Select[Any]:
    """Return the SELECT of the search keys of all papers of the proposal, without hidden papers unless it has them."""
    statement = select(key)
    if not proposal.has_hidden:
        statement = statement.where(is_key_shown(key))
    conditions = list(paper_conditions(connection, proposal))
    if proposal.words is not None:
        statement = statement.where(matches(connection, proposal.words))
        if conditions:
            statement = statement.where(key == paper_tokens.c.search_key)
    if conditions:
        statement = statement.where(paper_tokens.c.paper_id == paper.c.id, *conditions)
    if proposal.since is not None or proposal.before is not None:
        statement = statement.where(key.between(*key_range(proposal)))
    return statement


def key_range(proposal: Proposal) -> tuple[int, int]:
    """Return the lowest and the highest search key that a paper of the proposal can have."""
    lowest = 0 if proposal.since is None else first_key(proposal.since)
    highest = MAX_KEY if proposal.before is None else first_key(proposal.before) - 1
    return lowest, highest


def paper_conditions(connection: Connection, proposal: Proposal) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on the row of the paper."""
    for sign, number in proposal.upvotes:
        yield paper.c.upvotes.op(sign, is_comparison=True)(number)
    for sign, number in proposal.votes:
        yield paper.c.votes.op(sign, is_comparison=True)(number)
    for slug in proposal.topics:
        yield paper.c.id.in_(select(paper_topic.c.paper_id).where(paper_topic.c.slug == slug))
    for ids in proposal.ids:
        yield in_numbers(connection, paper.c.id, sorted(ids))
    for name in proposal.categories:
        if name.isascii():
            yield _may_have_category(connection, name)


def _may_have_category(connection: Connection, name: str) -> ColumnElement[bool]:
    """Return the condition that a paper's categories contain the name, or a character outside ASCII.

    The folded form of such a character may be a part of the name.
    """
    stored = cast(paper.c.categories, Text)
    octets = func.octet_length(stored) if connection.dialect.name == "postgresql" else _octets(stored)
    return or_(stored.icontains(name.split(maxsplit=1)[0], autoescape=True), octets != func.length(stored))


def _octets(stored: ColumnElement[str]) -> ColumnElement[int]:
    return func.length(cast(stored, paper_tokens.c.tokenised.type))


def _with_ids(connection: Connection, keys: Sequence[int]) -> list[Candidate]:
    """Return the papers with these search keys, in the given order."""
    row = paper_tokens.c
    ids: dict[int, int] = {}
    for batch in batches(keys):
        chosen = select(row.search_key, row.paper_id).where(row.search_key.in_(batch))
        ids.update(connection.execute(chosen).all())
    return [Candidate(key, ids[key]) for key in keys]
