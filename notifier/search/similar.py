"""Find the stored papers that are most similar to one of them, and say why they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from notifier import similarity
from notifier.matching import unpack
from notifier.models import Paper
from notifier.search.vector_table import Places, VectorTable, read_table
from notifier.search.vectors import terms_by_id, vectors_by_id
from notifier.similarity import Basis, Floats
from notifier.store import hidden_papers, paper_vectors, papers
from notifier.store.paper_tokens import tokens_of

SIMILAR = 5  # papers that are shown as similar
SHORT_LIST = 100  # the papers that are nearest by vectors and topics; of these, the most similar by words are chosen
EXAMINED = 2_000  # the papers among which the short list is sought, at least
NAMED_WORDS = 3


class SimilarityParts(NamedTuple):
    """The parts of a similarity: cosines of the vectors and of the words, and the share of common topics."""

    lsa: float
    tfidf: float
    topics: float


class RankedId(NamedTuple):
    """The id of a paper, its similarity to another paper, and the parts of this similarity."""

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

    Hidden papers are left out. Nothing is found as long as the paper has no vector; ingest makes one.
    """
    compared = _compared(connection, paper)
    if compared is None:
        return []
    near = _short_list(compared, paper, max(SHORT_LIST, 2 * limit))
    terms = _terms(connection, near, paper)
    hidden = hidden_papers.hidden_among(connection, terms)
    ranked = [each for each in _ranked(near, paper, terms) if each.paper_id not in hidden]
    return _described(connection, compared.basis, paper, ranked[:limit], terms)


def rank_by_similarity(connection: Connection, paper: Paper, ids: Collection[int]) -> list[RankedId]:
    """Return those of the papers `ids` that have words, ordered by their similarity to a paper, the highest first."""
    compared = _compared(connection, paper)
    if compared is None:
        return []
    near = compared.nearness(paper, np.flatnonzero(np.isin(compared.table.ids, list(ids))))
    return _ranked(near, paper, _terms(connection, near, paper))


class _Compared(NamedTuple):
    """What a paper is compared by: its vector, and the basis and the table of all vectors."""

    basis: Basis
    papers: int
    table: VectorTable
    vector: Floats

    def nearness(self, paper: Paper, places: Places) -> _Nearness:
        """Return how near the papers at these places are."""
        return _Nearness(self, self.table.ids[places], *self.table.parts(self.vector, paper.topics, places))


class _Nearness(NamedTuple):
    """How near papers are to one: their ids, the cosines of the vectors, and the shares of common topics."""

    compared: _Compared
    ids: npt.NDArray[np.int64]
    lsa: Floats
    topics: Floats

    def at(self, places: Places) -> _Nearness:
        """Return the same of the papers at these places alone."""
        return _Nearness(self.compared, self.ids[places], self.lsa[places], self.topics[places])


def _compared(connection: Connection, paper: Paper) -> _Compared | None:
    """Return what a paper is compared by; None if no basis has been made yet."""
    used = paper_vectors.basis_in_use(connection)
    basis = paper_vectors.arrays_of(connection, used) if used else None
    if used is None or basis is None:
        return None
    vector = vectors_by_id(connection, used, [paper.id])[0]
    return _Compared(basis, used.papers, read_table(connection, used), vector)


def _short_list(compared: _Compared, paper: Paper, most: int) -> _Nearness:
    """Return the papers that are nearest by their vectors and topics."""
    examined = compared.table.nearest(compared.vector, paper.topics, max(EXAMINED, 2 * most))
    near = compared.nearness(paper, examined[compared.table.ids[examined] != paper.id])
    total = near.lsa + np.float32(similarity.TOPIC_WEIGHT) * near.topics
    return near.at(np.argsort(-total, kind="stable")[:most])


def _terms(connection: Connection, near: _Nearness, paper: Paper) -> dict[int, bytes]:
    """Return the terms of the paper, and of those near it that still exist, by id."""
    return terms_by_id(connection, [paper.id, *near.ids.tolist()])


def _ranked(near: _Nearness, paper: Paper, terms: Mapping[int, bytes]) -> list[RankedId]:
    """Return the papers that have terms, by their similarity to the paper, the highest first."""
    if paper.id not in terms:
        return []
    near = near.at(np.array([place for place, each in enumerate(near.ids.tolist()) if each in terms], np.int64))
    ids, compared = near.ids.tolist(), near.compared
    tfidf = similarity.term_cosines(compared.basis, terms[paper.id], [terms[each] for each in ids])
    scores = similarity.total(near.lsa, tfidf, near.topics, compared.papers).tolist()
    values = zip(near.lsa.tolist(), tfidf.tolist(), near.topics.tolist(), strict=True)
    parts = [SimilarityParts(*each) for each in values]
    return sorted(map(RankedId, ids, scores, parts), key=lambda each: (-each.score, each.paper_id))


def _described(
    connection: Connection, basis: Basis, paper: Paper, ranked: Sequence[RankedId], terms: Mapping[int, bytes]
) -> list[SimilarPaper]:
    """Return the papers with these ids, with what each shares with the other paper."""
    stored = papers.papers_by_id(connection, [each.paper_id for each in ranked])
    found = [(each, stored[each.paper_id]) for each in ranked if each.paper_id in stored]
    if not found:
        return []
    title, abstract, *_ = unpack(*tokens_of(connection, [paper]))
    of_others = [terms[each.paper_id] for each, _ in found]
    words = similarity.telling_words(basis, (title, abstract), terms[paper.id], of_others)
    return [
        SimilarPaper(other, each.score, each.parts, tuple(sorted(other.topics & paper.topics)), shared[:NAMED_WORDS])
        for (each, other), shared in zip(found, words, strict=True)
        if other.id == each.paper_id
    ]
