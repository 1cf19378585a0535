"""Learn a basis from the terms of papers: a truncated singular value decomposition of their tf-idf vectors.

The decomposition is randomised (Halko, Martinsson and Tropp, 2011), with a fixed seed. The matrix is sparse, and is
multiplied in blocks, so that 20,000 papers need less than 0.7 GB.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from notifier.similarity.basis import Basis, Floats, inverse_frequency, weighted
from notifier.similarity.terms import unpack

DIMENSIONS = 256
MOST_FITTED = 20_000  # papers; more of them make the vectors no better
MOST_KNOWN_TERMS = 30_000  # the terms that occur in the most papers; the others are taken as terms of a single paper
_MORE_DIMENSIONS = 16  # that are computed and dropped, which makes the others more exact
_ROUNDS = 3
_SEED = 25
_LEAST_VARIANCE = 1e-9  # as a share of the largest variance; smaller ones are rounding errors
_BLOCK = 1 << 16  # entries of the matrix that are multiplied at a time

Numbers = npt.NDArray[np.int64]


def fit(papers: Sequence[bytes]) -> Basis:
    """Return the basis of these papers, given the packed terms of each; their order plays no part.

    It has DIMENSIONS dimensions, or fewer if there are fewer papers or terms.
    """
    papers = sorted(papers)
    hashes, frequencies = np.unique(unpack(papers).hashes, return_counts=True)
    kept = np.sort(np.lexsort((hashes, -frequencies))[:MOST_KNOWN_TERMS])
    idf = inverse_frequency(frequencies[kept], len(papers))
    counted = Basis(len(papers), hashes[kept], idf, np.empty((len(kept), 0), np.float16))
    return Basis(counted.papers, counted.hashes, counted.idf, _projection(counted, papers).astype(np.float16))


class _Matrix:
    """The tf-idf weights of papers (rows) and known terms (columns)."""

    def __init__(self, basis: Basis, papers: Sequence[bytes]) -> None:
        terms = weighted(basis, papers)
        known = np.flatnonzero(terms.places >= 0)
        self.shape = (len(papers), len(basis.hashes))
        self._rows, self._columns = terms.rows.row[known], terms.places[known]
        self._weights = terms.weights[known]
        self._by_column = np.argsort(self._columns, kind="stable")

    def times(self, right: Floats) -> Floats:
        """Return the product with a matrix that has a row for each term."""
        return _product(self._rows, self._columns, self._weights, right, self.shape[0])

    def transposed_times(self, right: Floats) -> Floats:
        """Return the product of the transposed matrix with one that has a row for each paper."""
        order = self._by_column
        return _product(self._columns[order], self._rows[order], self._weights[order], right, self.shape[1])


def _product(into: Numbers, of: Numbers, weights: Floats, right: Floats, count: int) -> Floats:
    """Return `count` rows: row i is the sum of weights[j] x right[of[j]] for all j with into[j] = i; `into` ascends."""
    product = np.zeros((count, right.shape[1]), np.float32)
    for start in range(0, len(into), _BLOCK):
        part = slice(start, start + _BLOCK)
        firsts = np.flatnonzero(np.diff(into[part], prepend=-1))
        entries = right[of[part]]
        entries *= weights[part, np.newaxis]
        product[into[part][firsts]] += np.add.reduceat(entries, firsts, axis=0)
    return product


def _projection(basis: Basis, papers: Sequence[bytes]) -> Floats:
    """Return the first right singular vectors of the papers' matrix, one in each column."""
    matrix = _Matrix(basis, papers)
    most = min(matrix.shape)
    if not most:
        return np.zeros((matrix.shape[1], 0), np.float32)
    width = min(DIMENSIONS + _MORE_DIMENSIONS, most)
    guess = np.random.default_rng(_SEED).standard_normal((matrix.shape[1], width), np.float32)
    for _ in range(_ROUNDS):
        guess = _orthonormal(matrix.transposed_times(matrix.times(guess)))
    _, turned = _by_variance(matrix.times(guess))
    projection: Floats = guess @ turned[:, :DIMENSIONS].astype(np.float32)
    return projection


def _orthonormal(columns: Floats) -> Floats:
    """Return an orthonormal basis of what the columns span, with fewer columns if they are not independent."""
    variances, turned = _by_variance(columns)
    is_independent = variances > _LEAST_VARIANCE * variances[0]
    orthonormal: Floats = columns @ (turned[:, is_independent] / np.sqrt(variances[is_independent])).astype(np.float32)
    return orthonormal


def _by_variance(columns: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the eigenvalues and eigenvectors of the products of the columns, the largest eigenvalue first.

    This takes a fifth of the time of a QR or a singular value decomposition of the columns, and much less if other
    processes use the processor.
    """
    exact = columns.astype(np.float64)
    values, vectors = np.linalg.eigh(exact.T @ exact)
    return values[::-1], vectors[:, ::-1]
