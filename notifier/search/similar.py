"""Find the stored papers that are most similar to one of them, and say why they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from notifier import similarity
from notifier.matching import unpack
from notifier.models import Paper
from notifier.search.vector_table import read_table
from notifier.similarity import Basis, Floats
from notifier.store import paper_vectors, papers, tags
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

    There are none as long as the paper has no vector; ingest makes one.
    """
    used = paper_vectors.basis_in_use(connection)
    basis = paper_vectors.read_basis(connection, used.id) if used else None
    if used is None or basis is None:
        return []
    short_list = _short_list(connection, used, paper, max(SHORT_LIST, 2 * limit))
    terms = paper_vectors.read_terms(connection, [*short_list, paper.id])
    if paper.id not in terms:
        return []
    topics = tags.topics_of(connection, short_list)
    ids = [each for each in short_list if each in terms]
    lsa = np.array([short_list[each] for each in ids], np.float32)
    tfidf = similarity.term_cosines(basis, terms[paper.id], [terms[each] for each in ids])
    shared = np.array([similarity.jaccard(paper.topics, topics.get(each, ())) for each in ids], np.float32)
    scores = similarity.total(lsa, tfidf, shared, used.papers)
    order = sorted(range(len(ids)), key=lambda place: (-scores[place], ids[place]))[:limit]
    parts = {
        ids[place]: (
            float(scores[place]),
            SimilarityParts(float(lsa[place]), float(tfidf[place]), float(shared[place])),
        )
        for place in order
    }
    return _described(connection, basis, paper, parts)


def _short_list(connection: Connection, used: BasisInUse, paper: Paper, most: int) -> dict[int, float]:
    """Return the ids of the papers that are nearest by their vectors and topics, with the cosine of the vectors."""
    table = read_table(connection, used)
    lsa = table.cosines(_vector(connection, used, paper.id))
    near = lsa + np.float32(similarity.TOPIC_WEIGHT) * similarity.topic_similarities(
        table.bits, table.bits_of(sorted(paper.topics))
    )
    near[table.ids == paper.id] = -np.inf
    most = min(most, len(near))
    places = np.argpartition(-near, most - 1)[:most] if most else np.empty(0, np.int64)
    found = dict(zip(table.ids[places].tolist(), lsa[places].tolist(), strict=True))
    found.pop(paper.id, None)
    return found


def _vector(connection: Connection, used: BasisInUse, paper_id: int) -> Floats:
    rows = paper_vectors.read_vectors(connection, used, [paper_id]).vectors.floats()
    vector: Floats = rows[0] if len(rows) else np.zeros(used.dimensions, np.float32)
    return vector


def _described(
    connection: Connection, basis: Basis, paper: Paper, found: Mapping[int, tuple[float, SimilarityParts]]
) -> list[SimilarPaper]:
    """Return the papers with these ids that still exist, with what each shares with the other paper."""
    stored = papers.papers_by_id(connection, found)
    similar = [each for paper_id, each in stored.items() if each.id == paper_id]
    words = _shared_words(connection, basis, paper, similar)
    return [
        SimilarPaper(each, *found[each.id], tuple(sorted(each.topics & paper.topics)), shared)
        for each, shared in zip(similar, words, strict=True)
    ]


def _shared_words(connection: Connection, basis: Basis, paper: Paper, others: Sequence[Paper]) -> list[tuple[str, ...]]:
    """Return, for each of the other papers, the words by which it is most similar to the paper."""
    own, *of_others = map(unpack, tokens_of(connection, [paper, *others]))
    return [similarity.telling_words(basis, own[:2], other[:2])[:NAMED_WORDS] for other in of_others]
