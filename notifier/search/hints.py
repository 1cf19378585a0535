"""Propose similar words for a word of a query that no paper has."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process

SIMILAR_WORDS = 3  # the most words that are proposed for a word that no paper has
SIMILARITY = 65  # the least similarity of a proposed word, out of 100; it allows for a few wrong letters


def similar_words(word: str, vocabulary: Sequence[str]) -> str:
    """Return the end of a sentence that proposes similar words, such as `; did you mean model?`, or nothing."""
    similar = process.extract(word, vocabulary, scorer=fuzz.ratio, limit=SIMILAR_WORDS, score_cutoff=SIMILARITY)
    return f"; did you mean {' or '.join(each for each, *_ in similar)}?" if similar else ""
