"""Find the stored papers that are most similar to one of them, and say why they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from notifier import similarity
from notifier.matching import unpack
from notifier.models import Paper
from notifier.search.vector_table import read_table
from notifier.similarity import Basis, Floats
from notifier.store import hidden_papers, paper_vectors, papers, tags
from notifier.store.paper_tokens import tokens_of
from notifier.store.paper_vectors import BasisInUse

SIMILAR = 5  # papers that are shown as similar
SHORT_LIST = 100  # the papers that are nearest by vectors and topics; of these, the most similar by words are chosen
NAMED_WORDS = 3


class SimilarityParts(NamedTuple):
    """The parts of a similarity: cosines of the vectors and of the words, and the share of common topics."""

    lsa: float
    tfidf: float
    topics: float


class RankedId(NamedTuple):
    """The id of a paper, and its similarity to another paper with its parts."""

    paper_id: int
    score: float
    parts: SimilarityParts


@dataclass(frozen=True, slots=True)
class SimilarPaper:
    """A paper that is similar to another, how similar it is, and the topics and the rarest words that both have."""

    paper: Paper
    score: float
    parts: SimilarityParts
    topics: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def similar_papers(connection: Connection, paper: Paper, limit: int = SIMILAR) -> list[SimilarPaper]:
    """Return the papers that are most similar to a stored paper, the most similar first.

    Hidden papers are left out. There are none as long as the paper has no vector; ingest makes one.
    """
    used = paper_vectors.basis_in_use(connection)
    basis = paper_vectors.read_basis(connection, used.id) if used else None
    if used is None or basis is None:
        return []
    short_list = _short_list(connection, used, paper, max(SHORT_LIST, 2 * limit))
    shown = set(short_list) - hidden_papers.hidden_among(connection, short_list)
    return _described(connection, basis, paper, _ranked(connection, used, basis, paper, shown)[:limit])


def rank_by_similarity(connection: Connection, paper: Paper, ids: Collection[int]) -> list[RankedId]:
    """Return those of the papers with these ids that have words, by their similarity to a paper, the highest first."""
    used = paper_vectors.basis_in_use(connection)
    basis = paper_vectors.read_basis(connection, used.id) if used else None
    return _ranked(connection, used, basis, paper, ids) if used and basis else []


def _ranked(
    connection: Connection, used: BasisInUse, basis: Basis, paper: Paper, ids: Collection[int]
) -> list[RankedId]:
    terms = paper_vectors.read_terms(connection, {*ids, paper.id})
    known = sorted(terms.keys() & set(ids))
    if paper.id not in terms:
        return []
    topics = tags.topics_of(connection, known)
    tfidf = similarity.term_cosines(basis, terms[paper.id], [terms[each] for each in known])
    shared = np.array([similarity.jaccard(paper.topics, topics.get(each, ())) for each in known], np.float32)
    vectors = _vectors(connection, used, [*known, paper.id])
    lsa = np.einsum("ij,j->i", vectors[:-1], vectors[-1])
    scores = similarity.total(lsa, tfidf, shared, used.papers).tolist()
    parts = [SimilarityParts(*map(float, each)) for each in zip(lsa, tfidf, shared, strict=True)]
    return sorted(map(RankedId, known, scores, parts), key=lambda each: (-each.score, each.paper_id))


def _short_list(connection: Connection, used: BasisInUse, paper: Paper, most: int) -> list[int]:
    """Return the ids of the papers that are nearest by their vectors and topics."""
    table = read_table(connection, used)
    near = table.nearness(_vectors(connection, used, [paper.id])[0], paper.topics)
    near[table.ids == paper.id] = -np.inf
    most = min(most, int(np.count_nonzero(table.ids != paper.id)))
    places = np.argpartition(-near, most - 1)[:most] if most else np.empty(0, np.int64)
    ids: list[int] = table.ids[places].tolist()
    return ids


def _vectors(connection: Connection, used: BasisInUse, ids: Sequence[int]) -> Floats:
    """Return the vector of each of these papers; it is zero for a paper without one."""
    vectors = np.zeros((len(ids), used.dimensions), np.float32)
    rows = paper_vectors.read_vectors(connection, used, ids)
    place_of = {paper_id: place for place, paper_id in enumerate(ids)}
    vectors[[place_of[each] for each in rows.ids.tolist()]] = rows.vectors.floats()
    return vectors


def _described(connection: Connection, basis: Basis, paper: Paper, ranked: Sequence[RankedId]) -> list[SimilarPaper]:
    """Return the papers with these ids that still exist, with what each shares with the other paper."""
    stored = papers.papers_by_id(connection, [each.paper_id for each in ranked])
    found = [(each, stored[each.paper_id]) for each in ranked if each.paper_id in stored]
    own, *of_others = map(unpack, tokens_of(connection, [paper, *(other for _, other in found)]))
    words = [similarity.telling_words(basis, own[:2], other[:2])[:NAMED_WORDS] for other in of_others]
    return [
        SimilarPaper(other, each.score, each.parts, tuple(sorted(other.topics & paper.topics)), shared)
        for (each, other), shared in zip(found, words, strict=True)
        if other.id == each.paper_id
    ]
