"""Read the vectors by which subscribers' tastes are learnt and applied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from sqlalchemy import Connection

from notifier.search.vectors import vectors_by_id
from notifier.similarity import Floats, taste_matrix
from notifier.store import paper_vectors
from notifier.store.papers import topics_of
from notifier.taste import TasteVectors

MEAN_OF = 500  # papers at most, from the sample that is stored with the basis


def taste_vectors(
    connection: Connection, paper_ids: Iterable[int], known_topics: Mapping[int, Collection[str]]
) -> TasteVectors:
    """Return the vectors of these papers in the basis in use, followed by their topics (see `taste_matrix`).

    The topics of papers that are in `known_topics` are not read. Papers without words in the basis differ by their
    topics only. The mean is taken over a sample of papers that is stored with the basis, so it does not depend on which
    papers are asked for.
    """
    used = paper_vectors.basis_in_use(connection)
    sample = paper_vectors.evenly(paper_vectors.sample_of(connection, used.id), MEAN_OF) if used else []
    ids = sorted({*paper_ids, *sample})
    places = {paper_id: place for place, paper_id in enumerate(ids)}
    latent = vectors_by_id(connection, used, ids) if used else np.zeros((len(ids), 0), np.float32)
    has_words = np.count_nonzero(latent, axis=1) > 0
    of_sample = [places[paper_id] for paper_id in sample if has_words[places[paper_id]]]  # some may have been merged
    latent[~has_words] = _mean(latent[of_sample])
    topics = {**topics_of(connection, [each for each in ids if each not in known_topics]), **known_topics}
    matrix = taste_matrix(latent, [topics.get(paper_id, ()) for paper_id in ids])
    return TasteVectors(ids, matrix, _mean(matrix[of_sample]))


def _mean(rows: Floats) -> Floats:
    """Return the mean row; zeros if there are no rows."""
    return rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1], np.float32)
