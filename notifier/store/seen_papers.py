"""Read the announced papers that a query may match, in the order of feeds: the latest `first_seen` comes first.

The index of words has another order, that of listing days. So if it proposes few papers, these are sorted. If it
proposes many, the newest papers are looked up in it block by block, until the caller reads no further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, or_, select

from notifier.models import Proposal
from notifier.store.hidden_papers import is_not_hidden
from notifier.store.proposals import key_range, paper_conditions
from notifier.store.statements import batches
from notifier.store.tables import paper, paper_tokens
from notifier.store.word_index import keys_between

FEW = 1_000  # proposed papers that are sorted; sorting these takes as long as looking up 2,000
_FIRST_BLOCK = 256  # papers that are looked up at first; each further block has four times as many
_LAST_BLOCK = 8_192


class _Seen(NamedTuple):
    """An announced paper, its search key, and when it was first seen."""

    paper_id: int
    key: int
    first_seen: datetime


def proposed_as_seen(connection: Connection, proposal: Proposal) -> Iterator[int]:
    """Yield the ids of the announced papers of the proposal; those first seen together are ordered by id."""
    announced_papers = _select_announced(connection, proposal)
    if proposal.words is not None:
        keys = keys_between(connection, proposal.words, key_range(proposal), FEW + 1)
        if len(keys) <= FEW:
            yield from _with_keys(connection, announced_papers, keys)
            return
    yield from _with_words(connection, announced_papers, proposal)


def _select_announced(connection: Connection, proposal: Proposal) -> Select[Any]:
    """Return the SELECT of the announced papers that fulfil the conditions of the proposal, except the one on words."""
    row = paper_tokens.c
    conditions = [paper.c.sequence > 0, is_not_hidden(paper.c.id), *paper_conditions(connection, proposal)]
    lowest, highest = key_range(proposal)
    if proposal.before is not None:
        conditions.append(row.search_key <= highest)
    if proposal.since is not None:
        # The sum keeps SQLite from using the index of search keys, since it would then sort all papers of these days.
        conditions.append(row.search_key + 0 >= lowest)
    columns = (paper.c.id, row.search_key, paper.c.first_seen)
    return select(*columns).join(paper_tokens, row.paper_id == paper.c.id).where(*conditions)


def _with_keys(connection: Connection, announced_papers: Select[Any], keys: Sequence[int]) -> Iterator[int]:
    """Yield the ids of the announced papers with these search keys. All are read before the first is yielded."""
    found: list[_Seen] = []
    for batch in batches(keys):
        found += [
            _Seen(*row) for row in connection.execute(announced_papers.where(paper_tokens.c.search_key.in_(batch)))
        ]
    found.sort(key=lambda each: each.paper_id)
    found.sort(key=lambda each: each.first_seen, reverse=True)
    yield from (each.paper_id for each in found)


def _with_words(connection: Connection, announced_papers: Select[Any], proposal: Proposal) -> Iterator[int]:
    """Yield the ids of the announced papers with the words of the proposal. The papers are read block after block."""
    after: _Seen | None = None
    size = _FIRST_BLOCK
    while block := _next_block(connection, announced_papers, after, size):
        keys = [each.key for each in block]
        if proposal.words is not None:
            proposed = set(keys_between(connection, proposal.words, (min(keys), max(keys))))
            yield from (each.paper_id for each in block if each.key in proposed)
        else:
            yield from (each.paper_id for each in block)
        if len(block) < size:
            return
        after, size = block[-1], min(4 * size, _LAST_BLOCK)


def _next_block(connection: Connection, announced_papers: Select[Any], after: _Seen | None, limit: int) -> list[_Seen]:
    """Return the next `limit` of the announced papers that come after the paper `after`."""
    chosen = announced_papers.order_by(paper.c.first_seen.desc(), paper.c.id).limit(limit)
    if after is not None:
        # The condition on the instant alone is for the index: SQLite does not use one for a condition with OR.
        follows = or_(paper.c.first_seen < after.first_seen, paper.c.id > after.paper_id)
        chosen = chosen.where(paper.c.first_seen <= after.first_seen, follows)
    return [_Seen(*row) for row in connection.execute(chosen)]
