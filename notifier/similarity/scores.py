"""Say how similar papers are: by latent semantic vectors (LSA), by their terms (tf-idf), and by their topics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from notifier.similarity.basis import Basis, Floats, Vectors, weighted

TOPIC_WEIGHT = 0.3  # of the shared topics, where the cosine of the terms has the weight 1
LSA_FROM = 20_000  # papers; a basis of fewer papers finds similar papers no better than terms and topics alone
TASTE_TOPIC_WEIGHT = np.float32(0.55)  # the length of the topics' part of a vector of taste; the other part has 1
# Vectors that are multiplied at a time, so that their floats stay in the processor's cache. vecdot multiplies them in
# this thread alone. np.dot would start threads, and then wait for them much longer if the processor is busy.
_BLOCK = 1_024


def total(lsa: Floats, terms: Floats, topics: Floats, papers: int) -> Floats:
    """Return the similarity of papers from its three parts, among `papers` stored papers.

    It is the cosine of the terms plus TOPIC_WEIGHT times the share of common topics. From LSA_FROM papers on, the
    cosine of the latent semantic vectors is added.
    """
    similarity = terms + np.float32(TOPIC_WEIGHT) * topics
    return similarity + lsa if papers >= LSA_FROM else similarity


def cosines(vectors: Vectors, wanted: Floats) -> Floats:
    """Return the cosine of each vector with the wanted one, whose length is 1."""
    found = np.empty(len(vectors.integers), np.float32)
    block = np.empty((min(_BLOCK, len(found)), vectors.integers.shape[1]), np.float32)
    for start in range(0, len(found), _BLOCK):
        part = slice(start, min(start + _BLOCK, len(found)))
        floats = block[: part.stop - start]
        np.copyto(floats, vectors.integers[part])
        np.vecdot(floats, wanted, out=found[part])
    found *= vectors.scales
    return found


def term_cosines(basis: Basis, wanted: bytes, papers: Sequence[bytes]) -> Floats:
    """Return the cosine of the terms of each paper with the wanted terms; all are packed."""
    shared = shared_terms(basis, wanted, papers)
    return np.bincount(shared.row, shared.products, minlength=len(papers)).astype(np.float32)


class SharedTerms(NamedTuple):
    """Terms that papers share with another one: the number of the paper, the term, and what it adds to the cosine."""

    row: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint32]
    products: Floats


def shared_terms(basis: Basis, wanted: bytes, papers: Sequence[bytes]) -> SharedTerms:
    """Return the terms of each paper that are among the wanted terms; all are packed."""
    terms = weighted(basis, [wanted, *papers])
    first = np.count_nonzero(terms.rows.row == 0)
    hashes, weights = terms.rows.hashes, terms.weights
    places = np.searchsorted(hashes[: max(first - 1, 0)], hashes)
    shared = np.flatnonzero((hashes[places] == hashes) & (terms.rows.row > 0)) if first else np.empty(0, np.int64)
    return SharedTerms(terms.rows.row[shared] - 1, hashes[shared], weights[shared] * weights[places[shared]])


def jaccard(one: Collection[str], other: Collection[str]) -> float:
    """Return the share of the topics of two papers that both have; 0 if neither has any."""
    either = len({*one, *other})
    return len(set(one) & set(other)) / either if either else 0.0


def topic_bits(topics: Sequence[Iterable[str]], bit_of: Mapping[str, int]) -> npt.NDArray[np.uint64]:
    """Return the topics of each paper as bits, in as many 64-bit integers as needed; `bit_of` numbers the topics."""
    bits = np.zeros((len(topics), max(1, -(-len(bit_of) // 64))), np.uint64)
    for row, slugs in enumerate(topics):
        for bit in map(bit_of.__getitem__, slugs):
            bits[row, bit >> 6] |= np.uint64(1 << (bit & 63))
    return bits


def topic_similarities(bits: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> Floats:
    """Return the same as `jaccard` for the topics of each paper and the wanted ones, all of them as bits."""
    common, either = np.zeros(len(bits), np.float32), np.zeros(len(bits), np.float32)
    for column, those in zip(bits.T, wanted, strict=True):  # there is one column for 64 topics
        common += np.bitwise_count(column & those)
        either += np.bitwise_count(column | those)
    return np.divide(common, np.maximum(either, 1), dtype=np.float32)


def taste_matrix(vectors: Floats, topics: Sequence[Collection[str]]) -> Floats:
    """Return the vector of each paper, followed by its topics as a vector of length TASTE_TOPIC_WEIGHT.

    The topics are numbered in the order of their slugs, so only rows of one matrix can be compared.
    """
    column_of = {slug: column for column, slug in enumerate(sorted({slug for each in topics for slug in each}))}
    columns = np.zeros((len(topics), len(column_of)), np.float32)
    for row, slugs in enumerate(topics):
        if slugs:
            columns[row, [column_of[slug] for slug in slugs]] = TASTE_TOPIC_WEIGHT / np.sqrt(len(slugs))
    return np.hstack([vectors, columns])
