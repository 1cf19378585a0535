"""Name the words that make two papers similar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

from notifier.similarity.basis import Basis, word_weights
from notifier.similarity.terms import TITLE_WEIGHT
from notifier.text.words import stem

_SHORTEST = 3  # characters; a shorter word says nothing to somebody who reads it alone

Passages = Sequence[Sequence[str]]  # the folded words of a title and of an abstract


def telling_words(basis: Basis, paper: Passages, other: Passages) -> tuple[str, ...]:
    """Return the words that two papers share, as the first paper inflects them, those that count most first."""
    words = _words_by_stem(paper)
    counts, counts_of_other = _counts(paper), _counts(other)
    shared = sorted(words.keys() & counts_of_other.keys())
    weights = word_weights(basis, [words[each] for each in shared])
    score = {
        each: weight**2 * (1 + log(counts[each])) * (1 + log(counts_of_other[each]))
        for each, weight in zip(shared, weights, strict=True)
    }
    return tuple(words[each] for each in sorted(shared, key=lambda each: -score[each]))


def _words_by_stem(paper: Passages) -> dict[str, str]:
    title, abstract = paper
    return {stem(word): word for word in (*abstract, *title) if len(word) >= _SHORTEST and not word.isdecimal()}


def _counts(paper: Passages) -> Counter[str]:
    title, abstract = paper
    counts = Counter(stem(word) for word in abstract if word)
    for word in title:
        counts[stem(word)] += TITLE_WEIGHT
    return counts
