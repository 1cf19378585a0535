"""Find the stored papers that a query matches: the index of words proposes papers, and the matching engine decides.

Only as many papers are read as a page shows, apart from those that the index proposes and the engine refuses. A search
that may refuse many papers has a limit for the papers that it examines, and says where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
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

MAX_ID = MAX_KEY  # above all ids of papers
RANKED = 1_000  # of the newest papers that match, so many are ranked by their trending score
RELEVANT = 300  # the most relevant papers that can be shown
_MAX_BLOCK = 1_000  # papers examined at a time


@dataclass(frozen=True, slots=True)
class Search:
    """A query, and the papers in which it is searched.

    With `since`, papers listed before this day are left out. With `examined`, a search for the newest papers stops
    after about so many papers, whether they match or not.
    """

    query: Query
    since: date | None = None
    examined: int | None = None

    @property
    def proposal(self) -> Proposal:
        """The conditions that every paper fulfils that is found."""
        proposal = propose(self.query)
        if self.since is None:
            return proposal
        return replace(proposal, since=max(self.since, proposal.since or self.since))


class Page(NamedTuple):
    """A page of a list of papers: at most `limit` papers after the first `skip`, with ids up to `until`."""

    limit: int
    skip: int = 0
    until: int = MAX_ID


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
    while search.examined is None or examined < search.examined:
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


def find_trending(connection: Connection, search: Search, page: Page, on: date) -> list[Paper]:
    """Return the papers with the best trending scores on the day `on`, of the newest ones that the query matches."""
    newest = proposals.candidates(connection, search.proposal, MAX_KEY, RANKED)
    ids = [each.paper_id for each in newest if each.paper_id <= page.until]
    return _page(connection, search.query, ranked_ids(connection, ids, on), page)


def find_relevant(connection: Connection, search: Search, page: Page) -> list[Paper]:
    """Return the papers in which the words of the query are most prominent."""
    relevant = proposals.most_relevant(connection, search.proposal, RELEVANT)
    return _page(connection, search.query, [each.paper_id for each in relevant if each.paper_id <= page.until], page)


def count(connection: Connection, search: Search) -> int:
    """Return how many papers the query matches."""
    proposal = search.proposal
    if proposal.is_exact:
        return proposals.count(connection, proposal)
    return sum(1 for _ in _all_matching(connection, search.query, proposal))


def count_by_day(connection: Connection, query: Query) -> dict[date, int] | None:
    """Return how many papers the query matches by listing day; None if the index of words cannot tell exactly."""
    proposal = propose(query)
    return proposals.count_by_day(connection, proposal) if proposal.is_exact else None


def matching_ids(connection: Connection, query: Query) -> list[int]:
    """Return the ids of all papers that the query matches."""
    return [each.paper.id for each in _all_matching(connection, query, propose(query))]


def matches_any(connection: Connection, query: Query) -> bool:
    """Return whether the query matches a stored paper."""
    return bool(find_newest(connection, Search(query), 1).papers)


def matching_papers(connection: Connection, query: Query, ids: Sequence[int]) -> list[Paper]:
    """Return those of the papers with these ids that the query matches, in the given order."""
    return [each.paper for each in _matching(connection, query, [Candidate(0, paper_id) for paper_id in ids])]


def _all_matching(connection: Connection, query: Query, proposal: Proposal) -> Iterator[FoundPaper]:
    """Yield every paper of the proposal that the query matches."""
    below = MAX_KEY
    while block := proposals.candidates(connection, proposal, below, _MAX_BLOCK):
        yield from _matching(connection, query, block)
        below = block[-1].key


def _block_size(proposal: Proposal, missing: int) -> int:
    """Return how many papers to examine next, if so many matches are missing."""
    return min((missing + 1) * (1 if proposal.is_exact else 4), _MAX_BLOCK)


def _matching(connection: Connection, query: Query, block: Sequence[Candidate]) -> Iterator[FoundPaper]:
    """Yield the papers that the query matches, in the given order."""
    stored = papers.papers_by_id(connection, [each.paper_id for each in block])
    known = [(each.key, stored[each.paper_id]) for each in block]
    found = [paper for _, paper in known]
    index = matching.index(found, tokens_of(connection, found))
    yield from (FoundPaper(*known[position]) for position in index.match(query))


def _page(connection: Connection, query: Query, ordered: Sequence[int], page: Page) -> list[Paper]:
    """Return the papers of a page of those that the query matches, in the order of these ids."""
    found: list[Paper] = []
    for ids in (ordered[at : at + 2 * page.limit] for at in range(0, len(ordered), 2 * page.limit)):
        found += matching_papers(connection, query, ids)
        if len(found) >= page.skip + page.limit:
            break
    return found[page.skip : page.skip + page.limit]
