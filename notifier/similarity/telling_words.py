"""Name the words that make two papers similar."""

from __future__ import annotations

from collections.abc import Sequence

from notifier.similarity.basis import Basis
from notifier.similarity.scores import shared_terms
from notifier.similarity.terms import hash_of

_SHORTEST = 3  # characters; a shorter word says nothing to somebody who reads it alone

Passages = tuple[Sequence[str], Sequence[str]]  # the folded words of a title and of an abstract


def telling_words(basis: Basis, paper: Passages, terms: bytes, others: Sequence[bytes]) -> list[tuple[str, ...]]:
    """Return, for each of the other papers, the words that it shares with a paper, those that count most first.

    The words are as the first paper inflects them, of which `paper` has the words and `terms` the packed terms.
    """
    title, abstract = paper
    words = {hash_of(word): word for word in (*abstract, *title) if len(word) >= _SHORTEST and not word.isdecimal()}
    found: list[list[tuple[float, str]]] = [[] for _ in others]
    shared = shared_terms(basis, terms, others)
    for row, term, product in zip(*(each.tolist() for each in shared), strict=True):
        if term in words:
            found[row].append((-product, words[term]))
    return [tuple(word for _, word in sorted(each)) for each in found]
