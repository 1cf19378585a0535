"""Find the announced papers that feeds show, ordered by when they were first seen, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice

from sqlalchemy import Connection

from notifier.matching import alternatives, propose
from notifier.models import Paper
from notifier.queries import Query
from notifier.search.searching import matching_papers
from notifier.store import papers
from notifier.store.seen_papers import proposed_as_seen

EXAMINED = 2_000  # the most papers that are examined for a query; this takes about a third of a second
_FIRST_BLOCK = 64  # papers that are examined at first, so that a feed of 50 needs one block if the proposal is exact
_LAST_BLOCK = 500


def newest_seen(connection: Connection, query: Query) -> Iterator[Paper]:
    """Yield the announced papers that a query matches; those first seen together are in the order of their ids.

    The engine examines at most EXAMINED of the papers that the index of words proposes. The index proposes more than
    that only for a query that it can hardly narrow, such as a query for an author by two first names without a last
    name.
    """
    query_parts = alternatives(query)
    yield from merge_lists([_newest_seen(connection, each, EXAMINED // len(query_parts)) for each in query_parts])


def newest_seen_of_topic(connection: Connection, slug: str | None, limit: int) -> Iterator[Paper]:
    """Yield at most `limit` announced papers of a topic, or of all topics if it is None, in the same order."""
    for ids in _blocks(papers.newest(connection, slug, limit)):
        yield from papers.papers_by_id(connection, ids).values()


def merge_lists(lists: Iterable[Iterator[Paper]]) -> Iterator[Paper]:
    """Merge several lists, each in the order of `newest_seen`, into one list in this order with each paper once."""
    last: int | None = None
    for paper in merge(*lists, key=_place):
        if paper.id != last:
            yield paper
        last = paper.id


def _newest_seen(connection: Connection, query: Query, limit: int) -> Iterator[Paper]:
    for ids in _blocks(islice(proposed_as_seen(connection, propose(query)), limit)):
        yield from matching_papers(connection, query, ids).values()


def _place(paper: Paper) -> tuple[float, int]:
    return -paper.first_seen.timestamp(), paper.id


def _blocks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield the ids in lists, each twice as long as the one before, up to _LAST_BLOCK."""
    remaining, size = iter(ids), _FIRST_BLOCK
    while block := list(islice(remaining, size)):
        yield block
        size = min(2 * size, _LAST_BLOCK)
