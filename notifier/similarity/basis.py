"""Define the basis of latent semantic vectors, and make the vectors of papers in it.

A basis is learnt from the stored papers (see `fitting`). The vector of a paper depends only on the paper's own terms
and on the basis, so papers may be taken in any order and in any blocks. Vectors of two bases cannot be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from notifier.similarity.terms import TermRows, unpack

Floats = npt.NDArray[np.float32]
SMALLEST = np.float32(1e-6)  # a shorter vector points nowhere: the paper has no term that the basis knows
_LARGEST_INTEGER = 127


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """A basis: for each known term, by ascending hash, its inverse document frequency and its place in the projection.

    `projection` has a row for each term and a column for each dimension. `papers` is the number of papers from which
    the frequencies were counted.
    """

    papers: int
    hashes: npt.NDArray[np.uint32]
    idf: Floats
    projection: npt.NDArray[np.float16]

    @property
    def dimensions(self) -> int:
        """Return the number of integers in a vector."""
        return int(self.projection.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """The vectors of papers: small integers, a row for each paper, and the number by which each row is multiplied.

    A multiplied row has length 1, or 0 if the paper has no term that the basis knows.
    """

    integers: npt.NDArray[np.int8]
    scales: Floats

    def floats(self) -> Floats:
        """Return the multiplied rows."""
        return self.integers.astype(np.float32) * self.scales[:, np.newaxis]


@dataclass(frozen=True, slots=True, eq=False)
class WeightedTerms:
    """Terms with their weights (tf-idf), and the places of their hashes in the basis; an unknown term has the place -1.

    The weights of each paper are a vector of length 1.
    """

    rows: TermRows
    places: npt.NDArray[np.int64]
    weights: Floats


def weighted(basis: Basis, papers: Sequence[bytes]) -> WeightedTerms:
    """Return the tf-idf weights of the terms of papers: (1 + ln count) x idf, divided by the length of the vector.

    A term that the basis does not know is taken as one that a single paper had.
    """
    rows = unpack(papers)
    places = _places(basis.hashes, rows.hashes)
    weights = (1 + np.log(rows.counts.astype(np.float32))) * _idf(basis, places)
    lengths = np.sqrt(np.bincount(rows.row, weights * weights, minlength=rows.papers))
    return WeightedTerms(rows, places, (weights / lengths[rows.row]).astype(np.float32))


def _idf(basis: Basis, places: npt.NDArray[np.int64]) -> Floats:
    """Return the frequencies of the terms at these places; -1 stands for a term that the basis does not know."""
    idf: Floats = np.append(basis.idf, inverse_frequency(np.ones(1), basis.papers))[places]
    return idf


def inverse_frequency(papers_with_term: npt.NDArray[np.generic], papers: int) -> Floats:
    """Return ln((1 + N) / (1 + n)) + 1 for terms that n of N papers have."""
    return (np.log((1 + papers) / (1 + papers_with_term.astype(np.float64))) + 1).astype(np.float32)


def vectors_of(basis: Basis, papers: Sequence[bytes]) -> Vectors:
    """Return the vector of each paper, given its packed terms."""
    terms = weighted(basis, papers)
    ends = np.searchsorted(terms.rows.row, np.arange(len(papers) + 1)).tolist()
    floats = np.zeros((len(papers), basis.dimensions), np.float32)
    for number in range(len(papers)):
        part = slice(ends[number], ends[number + 1])
        is_known = terms.places[part] >= 0
        places = terms.places[part][is_known]
        # einsum, because a product by `@` starts threads, which costs more than it saves for so few numbers.
        floats[number] = np.einsum("i,ij->j", terms.weights[part][is_known], basis.projection[places].astype("f4"))
    return _as_integers(floats)


def _as_integers(floats: Floats) -> Vectors:
    lengths = np.sqrt(np.einsum("ij,ij->i", floats, floats))
    largest = np.abs(floats).max(axis=1, initial=0)
    has_direction = lengths > SMALLEST
    steps = np.where(has_direction, largest / _LARGEST_INTEGER, 1)
    integers = np.rint(floats / steps[:, np.newaxis]).astype(np.int8)
    integers[~has_direction] = 0
    scales = np.where(has_direction, steps / np.where(has_direction, lengths, 1), 0)
    return Vectors(integers, scales.astype(np.float32))


def _places(known: npt.NDArray[np.uint32], wanted: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Return the place of each wanted hash among the known ones, which ascend; -1 if it is not among them."""
    if not len(known):
        return np.full(len(wanted), -1)
    places = np.searchsorted(known[:-1], wanted)
    places[known[places] != wanted] = -1
    return places
