"""Where phrases stand in a stream of tokens: all phrases of one length at once, word after word."""

from __future__ import annotations

import numpy as np

from notifier.matching.block import Numbers

_TABLE = 1 << 20  # a power of two


def occurrences(phrases: Numbers, stream: Numbers, words: int) -> tuple[Numbers, Numbers]:
    """Every place where a phrase begins in the stream: the phrases, by their rows in `phrases`, and the places.

    `phrases` has a row of word numbers for each phrase, and `words` is one more than the greatest; 0 is in no phrase.
    All phrases advance together. `begun` tells the different beginnings apart that the phrases have up to a word, and
    `at` holds the places where the stream still agrees with one of them.
    """
    rows = np.flatnonzero((phrases > 0).all(axis=1))
    if not len(rows):
        return rows, rows
    phrases = phrases[rows]
    begun, beginning = np.unique(phrases[:, 0], return_inverse=True)
    state_of = np.full(words, -1)
    state_of[begun] = np.arange(len(begun))
    state = state_of[stream]
    at = np.flatnonzero(state >= 0)
    state = state[at]
    for step in range(1, phrases.shape[1]):
        begun, beginning = np.unique(beginning * words + phrases[:, step], return_inverse=True)
        inside = at + step < len(stream)
        at, state = at[inside], state[inside]
        agreeing, state = _find(begun, state * words + stream[at + step])
        at = at[agreeing]
    last = np.empty(len(begun), np.int64)
    last[beginning] = rows
    return last[state], at


def _find(ordered: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Which of the wanted numbers are among the ordered ones, and where there.

    Few are. A table of the numbers' last bits passes over most of the others, which is quicker than to search for them.
    """
    likely = np.zeros(_TABLE, np.bool_)
    likely[ordered & (_TABLE - 1)] = True
    candidates = np.flatnonzero(likely[wanted & (_TABLE - 1)])
    places = np.searchsorted(ordered[:-1], wanted[candidates])  # never past the last one
    found = ordered[places] == wanted[candidates]
    return candidates[found], places[found]
