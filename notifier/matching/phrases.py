"""Where phrases stand in a stream of tokens: all phrases of one length at once, word after word."""

from __future__ import annotations

import numpy as np

from notifier.matching.block import Numbers

_SPARSE = 16  # places in a table for each number in it, so that few others fall onto them
_LARGEST = 1 << 20  # places: a table that stays in the processor's cache


def occurrences(phrases: Numbers, stream: Numbers, words: int) -> tuple[Numbers, Numbers]:
    """Every place where a phrase begins in the stream: the phrases, by their rows in `phrases`, and the places.

    `phrases` has a row of word numbers for each phrase, and `words` is one more than the greatest; 0 is in no phrase.
    All phrases advance together, a word at a time: phrases that are alike so far share a `beginning`, and the stream
    agrees with the beginning `begun[i]` at the place `at[i]`.
    """
    rows = np.flatnonzero((phrases > 0).all(axis=1))
    if not len(rows):
        return rows, rows
    phrases = phrases[rows]
    beginnings, beginning_of = np.unique(phrases[:, 0], return_inverse=True)
    begins = np.full(words, -1)
    begins[beginnings] = np.arange(len(beginnings))
    begun = begins[stream]
    at = np.flatnonzero(begun >= 0)
    begun = begun[at]
    for step in range(1, phrases.shape[1]):
        beginnings, beginning_of = np.unique(beginning_of * words + phrases[:, step], return_inverse=True)
        inside = at + step < len(stream)
        at, begun = at[inside], begun[inside]
        agreeing, begun = _find(beginnings, begun * words + stream[at + step])
        at = at[agreeing]
        if not len(at):
            return at, at
    phrase_of = np.empty(len(beginnings), np.int64)
    phrase_of[beginning_of] = rows
    return phrase_of[begun], at


def _find(ordered: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Which of the wanted numbers are among the ordered ones, and where there.

    Few are. A table of the numbers' last bits passes over most of the others, which is quicker than to search for them.
    """
    mask = min(_LARGEST, 1 << (_SPARSE * len(ordered)).bit_length()) - 1
    likely = np.zeros(mask + 1, np.bool_)
    likely[ordered & mask] = True
    candidates = np.flatnonzero(likely[wanted & mask])
    places = np.searchsorted(ordered[:-1], wanted[candidates])  # never past the last one
    found = ordered[places] == wanted[candidates]
    return candidates[found], places[found]
