"""Read the terms and vectors by which papers are compared, and compute those that are not stored yet.

The terms and the vector of a paper are stored shortly after its text has come or changed. Until then they are
computed here from its tokens, with the same result, so that no digest or page depends on when they are stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from sqlalchemy import Connection

from notifier import similarity
from notifier.matching import unpack
from notifier.similarity import Floats
from notifier.store import paper_vectors
from notifier.store.paper_tokens import stored_tokens
from notifier.store.paper_vectors import BasisInUse


def terms_by_id(connection: Connection, ids: Collection[int]) -> dict[int, bytes]:
    """Return the terms of papers, by id; a paper that does not exist is left out."""
    terms = paper_vectors.read_terms(connection, ids)
    if missing := set(ids) - terms.keys():
        for paper_id, tokenised in stored_tokens(connection, sorted(missing)).items():
            title, abstract, *_ = unpack(tokenised)
            terms[paper_id] = similarity.terms_of(title, abstract)
    return terms


def vectors_by_id(connection: Connection, used: BasisInUse, ids: Sequence[int]) -> Floats:
    """Return the vector of each of these papers, in a row each; it is zero for a paper that does not exist."""
    vectors = np.zeros((len(ids), used.dimensions), np.float32)
    row_of = {paper_id: row for row, paper_id in enumerate(ids)}
    stored = paper_vectors.read_vectors(connection, used, ids)
    vectors[[row_of[each] for each in stored.ids.tolist()]] = stored.vectors.floats()
    missing = row_of.keys() - set(stored.ids.tolist())
    if missing and (terms := terms_by_id(connection, missing)):
        basis = paper_vectors.arrays_of(connection, used)
        if basis is not None:
            made = similarity.vectors_of(basis, list(terms.values()))
            vectors[[row_of[each] for each in terms]] = made.floats()
    return vectors
