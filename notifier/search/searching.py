"""Find the stored papers that a query matches: the index of words proposes papers, and the matching engine decides.

Only as many papers are read as a page shows, apart from those that the index proposes and the engine refuses. A search
that may refuse many papers has a limit for the papers that it examines, and says where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection

from notifier import matching
from notifier.matching import propose
from notifier.models import Paper, Proposal
from notifier.queries import Query
from notifier.search.ranking import ranked_ids
from notifier.store import papers, proposals
from notifier.store.paper_tokens import tokens_of
from notifier.store.proposals import MAX_KEY, Candidate

RANKED = 1_000  # how many of the newest papers that match are ranked by their trending score
RELEVANT = 300  # the most relevant papers that can be shown
FEW = 150  # papers that are examined to count those that match; this takes less than 30 ms
_MAX_BLOCK = 1_000  # papers examined at a time
_MAX_EXACT_BLOCK = 10_000  # papers whose keys alone are read at a time


@dataclass(frozen=True, slots=True)
class Search:
    """A query, and the papers in which it is searched.

    With `since`, papers listed before this day are left out. With `max_examined`, a search for the newest papers
    stops after about so many papers, whether they match or not.
    """

    query: Query
    since: date | None = None
    max_examined: int | None = None

    @property
    def proposal(self) -> Proposal:
        """The conditions that every paper that is found fulfils."""
        proposal = propose(self.query)
        if self.since is None:
            return proposal
        return replace(proposal, since=max(self.since, proposal.since or self.since))


class FoundPaper(NamedTuple):
    """A paper that the query matches, and its search key."""

    key: int
    paper: Paper


@dataclass(frozen=True, slots=True)
class Found:
    """A part of the papers that a query matches.

    `rest_below` is a search key: all further papers that match have lower keys. It is None if there are none.
    """

    papers: tuple[FoundPaper, ...]
    rest_below: int | None


def find_newest(connection: Connection, search: Search, limit: int, below: int = MAX_KEY) -> Found:
    """Return the first `limit` papers that the query matches, newest listing day first, below a search key."""
    proposal = search.proposal
    found: list[FoundPaper] = []
    examined = 0
    while search.max_examined is None or examined < search.max_examined:
        size = _block_size(proposal, limit - len(found))
        block = proposals.candidates(connection, proposal, below, size)
        found += _matching(connection, search.query, block)
        if len(found) > limit:
            return Found(tuple(found[:limit]), found[limit - 1].key)
        if len(block) < size:
            return Found(tuple(found), None)
        examined += len(block)
        below = block[-1].key
    return Found(tuple(found), below)


def rank_by_trend(connection: Connection, search: Search, on: date, until_id: int = MAX_KEY) -> list[int]:
    """Return the ids of the newest papers that the query may match, in the order of their trending scores on `on`.

    The papers are those with ids up to `until_id`.
    """
    return ranked_ids(connection, _newest_until(connection, search.proposal, until_id), on)


def rank_by_relevance(connection: Connection, search: Search, until_id: int = MAX_KEY) -> list[int]:
    """Return the ids of the papers that the query may match and that are most relevant to it, best first.

    The papers are those with ids up to `until_id`.
    """
    relevant = proposals.most_relevant(connection, search.proposal, RELEVANT)
    return [each.paper_id for each in relevant if each.paper_id <= until_id]


def count(connection: Connection, search: Search) -> int:
    """Return how many papers the query matches."""
    proposal = search.proposal
    if proposal.is_exact:
        return proposals.count(connection, proposal)
    return sum(1 for _ in _all_matching(connection, search.query, proposal))


def count_few(connection: Connection, search: Search) -> int | None:
    """Return how many papers the query matches; None if more than FEW papers would have to be examined."""
    proposal = search.proposal
    if proposal.is_exact:
        return proposals.count(connection, proposal)
    block = proposals.candidates(connection, proposal, MAX_KEY, FEW + 1)
    return sum(1 for _ in _matching(connection, search.query, block)) if len(block) <= FEW else None


def count_by_day(connection: Connection, query: Query) -> dict[date, int] | None:
    """Return how many papers the query matches by listing day; None if the index of words cannot tell exactly."""
    proposal = propose(query)
    return proposals.count_by_day(connection, proposal) if proposal.is_exact else None


def matching_ids(connection: Connection, query: Query) -> list[int]:
    """Return the ids of all papers that the query matches, also of hidden ones."""
    proposal = replace(propose(query), has_hidden=True)
    return [each.paper.id for each in _all_matching(connection, query, proposal)]


def matching_keys(connection: Connection, query: Query, max_examined: int) -> tuple[dict[int, int], int]:
    """Return the search keys of the papers that the query matches, by the id of the paper, and 0.

    If the index of words cannot tell exactly, only the newest `max_examined` papers are examined. If there are more,
    the lowest key among these is returned in place of the 0.
    """
    proposal = propose(query)
    if proposal.is_exact:
        blocks = _blocks(connection, proposal, _MAX_EXACT_BLOCK)
        return {each.paper_id: each.key for each in chain.from_iterable(blocks)}, 0
    found: dict[int, int] = {}
    examined = 0
    for block in _blocks(connection, proposal, _MAX_BLOCK):
        found |= {each.paper.id: each.key for each in _matching(connection, query, block)}
        examined += len(block)
        if examined >= max_examined:
            return found, block[-1].key
    return found, 0


def matches_any(connection: Connection, query: Query) -> bool:
    """Return whether the query matches a stored paper."""
    return bool(find_newest(connection, Search(query), 1).papers)


def matching_papers(connection: Connection, query: Query, ids: Sequence[int]) -> dict[int, Paper]:
    """Return those of the papers with these ids that the query matches, by id, in the given order.

    The id of a paper that was merged into another paper gives the other paper.
    """
    stored = papers.papers_by_id(connection, ids)
    found = list(stored.items())
    index = matching.index(list(stored.values()), tokens_of(connection, list(stored.values())))
    return dict(found[position] for position in index.match(query))


def _newest_until(connection: Connection, proposal: Proposal, until_id: int) -> list[int]:
    """Return the ids of the newest RANKED papers of the proposal with ids up to `until_id`."""
    ids: list[int] = []
    below = MAX_KEY
    while len(ids) < RANKED:
        block = proposals.candidates(connection, proposal, below, RANKED)
        ids += [each.paper_id for each in block if each.paper_id <= until_id]
        if len(block) < RANKED:
            break
        below = block[-1].key
    return ids[:RANKED]


def _all_matching(connection: Connection, query: Query, proposal: Proposal) -> Iterator[FoundPaper]:
    """Yield every paper of the proposal that the query matches."""
    for block in _blocks(connection, proposal, _MAX_BLOCK):
        yield from _matching(connection, query, block)


def _blocks(connection: Connection, proposal: Proposal, size: int) -> Iterator[Sequence[Candidate]]:
    """Yield all papers of the proposal, newest listing day first, in blocks of at most this size."""
    below = MAX_KEY
    while block := proposals.candidates(connection, proposal, below, size):
        yield block
        below = block[-1].key


def _block_size(proposal: Proposal, missing: int) -> int:
    """Return how many papers to examine next, if the page lacks `missing` matches."""
    return min((missing + 1) * (1 if proposal.is_exact else 4), _MAX_BLOCK)


def _matching(connection: Connection, query: Query, block: Sequence[Candidate]) -> Iterator[FoundPaper]:
    """Yield the papers that the query matches, in the given order."""
    found = matching_papers(connection, query, [each.paper_id for each in block])
    yield from (FoundPaper(each.key, found[each.paper_id]) for each in block if each.paper_id in found)
