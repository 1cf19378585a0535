"""Find the papers that `like:KEY` matches: those that are as near to its paper as the nearest 1% of a sample.

The nearness of two papers is the cosine of their vectors plus TOPIC_WEIGHT times the share of common topics. The sample
is drawn from the stored papers. To match a paper of a crowded subject, other papers must be nearer to it than to match
one of a rare subject; in both cases `like:` matches about one paper in a hundred. Whether a paper matches depends on
the two papers, the basis and its sample alone: it is the same in a digest, in a search and in a feed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from notifier import queries
from notifier.models import Paper
from notifier.queries import Query
from notifier.search.vector_table import read_table
from notifier.search.vectors import vectors_by_id
from notifier.similarity import TOPIC_WEIGHT, Floats, topic_bits, topic_similarities
from notifier.store import paper_vectors, papers
from notifier.store.paper_vectors import BasisInUse

SHARE = 0.01  # of the sample: its nearest papers; a paper matches if it is as near as the last of them
LEAST = 0.4  # what is less near never matches, so that a paper that resembles no other brings nothing
_DIGITS = 4  # nearness is rounded, so that the order in which numbers are added plays no part
_AT_ONCE = 256  # named papers whose nearness to all others is computed at once


def with_similar(connection: Connection, query: Query, among: Sequence[Paper] | None = None) -> Query:
    """Return the query with the papers that its `like:` matches, of all stored papers or `among` these.

    The topics of the papers `among` are those given, which need not be stored. A key matches nothing if no paper has
    it.
    """
    (found,) = all_with_similar(connection, [query], among)
    return found


def all_with_similar(
    connection: Connection, wanted: Sequence[Query], among: Sequence[Paper] | None = None
) -> list[Query]:
    """Return the same as `with_similar` for each of these queries."""
    keys = {key for query in wanted for key in queries.papers_named(query)}
    if not keys:
        return list(wanted)
    near = near_papers(connection, keys, among)
    return [queries.with_near(query, near) if queries.papers_named(query) else query for query in wanted]


def near_papers(
    connection: Connection, keys: Collection[str], among: Sequence[Paper] | None = None
) -> dict[str, frozenset[int]]:
    """Return, for each of these keys of papers, the ids of the papers that `like:` with this key matches.

    The key of a paper that was merged into another stands for the other. A key that no paper has is left out.
    """
    used, id_of = paper_vectors.basis_in_use(connection), papers.ids_of_keys(connection, keys)
    if used is None:
        return {}
    ids = sorted(set(id_of.values()))
    sample = paper_vectors.sample_of(connection, used.id)
    found: dict[int, frozenset[int]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found |= _near(connection, used, ids[start : start + _AT_ONCE], sample, among)
    return {key: found[paper_id] for key, paper_id in id_of.items()}


def _near(
    connection: Connection, used: BasisInUse, ids: Sequence[int], sample: Sequence[int], among: Sequence[Paper] | None
) -> dict[int, frozenset[int]]:
    """Return, for each of these papers, which of the papers `among` are near to it."""
    topics = {paper.id: paper.topics for paper in among or ()}
    needed = _thresholds(_read_points(connection, used, {*ids, *sample}, topics), ids, sample)
    others = sorted(_possible(connection, used, ids, needed) if among is None else topics)
    points = _read_points(connection, used, {*ids, *others}, topics)
    is_near = points.nearness(ids, others) >= needed[:, np.newaxis]
    rows = (np.array(others, np.int64)[row].tolist() for row in is_near)
    return {paper_id: frozenset(row) - {paper_id} for paper_id, row in zip(ids, rows, strict=True)}


@dataclass(frozen=True, eq=False)
class _Points:
    """The vectors of papers, and their topics as bits; `row_of` has the row of each paper by its id."""

    row_of: dict[int, int]
    vectors: Floats
    bits: npt.NDArray[np.uint64]

    def nearness(self, ids: Sequence[int], others: Sequence[int]) -> Floats:
        """Return how near each of `others` (columns) is to each of the papers `ids` (rows)."""
        rows, columns = ([self.row_of[each] for each in side] for side in (ids, others))
        nearness = self.vectors[rows] @ self.vectors[columns].T
        bits = self.bits[columns]
        for number, row in enumerate(rows):
            nearness[number] += np.float32(TOPIC_WEIGHT) * topic_similarities(bits, self.bits[row])
        return np.round(nearness, _DIGITS)


def _read_points(
    connection: Connection, used: BasisInUse, ids: Iterable[int], given: Mapping[int, Collection[str]]
) -> _Points:
    """Read the vectors and topics of these papers; those of a paper that does not exist are zero and none.

    `given` has the topics of some papers, which need not be stored.
    """
    ordered = sorted(ids)
    row_of = {paper_id: row for row, paper_id in enumerate(ordered)}
    vectors = vectors_by_id(connection, used, ordered)
    topics = {**papers.topics_of(connection, row_of.keys() - given.keys()), **given}
    slugs = sorted({slug for each in ordered for slug in topics.get(each, ())})
    bit_of = {slug: bit for bit, slug in enumerate(slugs)}
    return _Points(row_of, vectors, topic_bits([topics.get(each, ()) for each in ordered], bit_of))


def _thresholds(points: _Points, ids: Sequence[int], sample: Sequence[int]) -> Floats:
    """Return how near a paper must be to each of the papers `ids`."""
    if not sample:
        return np.full(len(ids), LEAST, np.float32)
    nearness = points.nearness(ids, sample)
    nearness[np.equal.outer(ids, sample)] = 0  # a paper says nothing about what is near to itself
    place = max(1, round(SHARE * len(sample)))
    thresholds: Floats = np.maximum(np.partition(nearness, -place, axis=1)[:, -place], np.float32(LEAST))
    return thresholds


def _possible(connection: Connection, used: BasisInUse, ids: Sequence[int], needed: Floats) -> list[int]:
    """Return the ids of the papers that the table of all vectors shows as near enough to one of the papers `ids`.

    Keys are read to leave out papers that were merged into others since the table was read.
    """
    table, topics = read_table(connection, used), papers.topics_of(connection, ids)
    vectors = _read_points(connection, used, ids, topics)
    possible = np.zeros(len(table.ids), np.bool_)
    for paper_id, least in zip(ids, needed - 10.0**-_DIGITS, strict=True):
        possible |= table.nearness(vectors.vectors[vectors.row_of[paper_id]], topics.get(paper_id, ())) >= least
    return list(papers.keys_of(connection, table.ids[possible].tolist()))
