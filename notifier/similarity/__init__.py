"""Compare papers by their words and topics: term vectors, latent semantic vectors, and how similar two papers are.

    tokens --terms_of--> terms --fit--> basis
    terms + basis --vectors_of--> one vector of small integers for each paper
    vectors, terms and topics --> similarity

Everything here is a pure function of its arguments. `docs/topics.md` describes the measure for users.
"""

from notifier.similarity.basis import Basis, Floats, Vectors, vectors_of
from notifier.similarity.fitting import MOST_FITTED, fit
from notifier.similarity.scores import (
    LSA_FROM,
    TOPIC_WEIGHT,
    cosines,
    jaccard,
    taste_matrix,
    term_cosines,
    topic_bits,
    topic_similarities,
    total,
)
from notifier.similarity.telling_words import telling_words
from notifier.similarity.terms import terms_of

__all__ = [
    "LSA_FROM",
    "MOST_FITTED",
    "TOPIC_WEIGHT",
    "Basis",
    "Floats",
    "Vectors",
    "cosines",
    "fit",
    "jaccard",
    "taste_matrix",
    "telling_words",
    "term_cosines",
    "terms_of",
    "topic_bits",
    "topic_similarities",
    "total",
    "vectors_of",
]
