"""Read the vectors by which a subscriber's taste is learnt and applied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from notifier.models import Paper
from notifier.similarity import Floats, taste_matrix
from notifier.store import paper_vectors


def taste_vectors(connection: Connection, papers: Sequence[Paper]) -> Floats:
    """Return a row for each of these papers: its vector in the basis in use, then its topics (see `taste_matrix`).

    Only rows of one result can be compared. The first part is zero for a paper without a vector.
    """
    return taste_matrix(_vectors(connection, [paper.id for paper in papers]), [paper.topics for paper in papers])


def _vectors(connection: Connection, ids: Sequence[int]) -> Floats:
    """Return the vector of each of these papers, whose length is 1 or 0."""
    used = paper_vectors.basis_in_use(connection)
    if used is None:
        return np.zeros((len(ids), 0), np.float32)
    rows = paper_vectors.read_vectors(connection, used, set(ids))
    row_of = {paper_id: row for row, paper_id in enumerate(rows.ids.tolist())}
    found = np.zeros((len(ids), used.dimensions), np.float32)
    places = [place for place, paper_id in enumerate(ids) if paper_id in row_of]
    found[places] = rows.vectors.floats()[[row_of[ids[place]] for place in places]]
    return found
