"""Decide which lines of a page are titles, which are abstracts, and which are chrome.

The page is described by a hidden Markov model. The hidden states are the labels of the lines. The traits of the lines,
and the seams between the lines, are what can be observed. The most probable sequence of labels is found by dynamic
programming (Viterbi, 1967). A transition leads from the label of one line to that of the next. The transitions of this
sequence are counted, together with the number of blank lines at each transition. The counts are combined with those of
the module `probabilities`, and the sequence is computed again (Viterbi training; Juang and Rabiner, 1990). In this way
the layout of the page affects the labels.

The time needed is proportional to the number of lines. The result is deterministic.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from notifier.sources.page.lines import PageLine
from notifier.sources.page.probabilities import (
    COLUMNS,
    LINE_PROBABILITIES,
    MISSING_LINE_PROBABILITIES,
    TRANSITION_PROBABILITIES,
    Label,
    seam_probabilities,
)
from notifier.sources.page.seams import Seam, seams_of
from notifier.sources.page.traits import Traits, traits_of

_PASSES = 2
_GIVEN_TRANSITIONS = 3.0  # TRANSITION_PROBABILITIES count as much as three transitions of the page
_LOWEST_PROBABILITY = 0.00001  # so that no single trait or transition makes a sequence impossible
# The labels that the last line of a page may have.
_LAST_LABELS = (
    Label.CHROME,
    Label.ABSTRACT,
    Label.ABSTRACT_CONTINUED,
    Label.ABSTRACT_PARAGRAPH,
    Label.UNTITLED_ABSTRACT,
)
# These two labels are counted as one in the layout of a page. They differ only in whether a further line of an
# abstract begins a new sentence, and in a wrapped abstract that is chance.
_CONTINUATIONS = (Label.ABSTRACT_CONTINUED, Label.ABSTRACT_PARAGRAPH)
_BLANK_COUNTS = 4  # the number of values of `Seam.blanks`: 0, 1, 2 or 3

# For each label, the labels that may precede it, each with the log probability of this transition.
_TransitionTable = list[list[tuple[Label, float]]]


@dataclass(frozen=True, slots=True)
class TransitionCounts:
    """The layout of a page: how often each transition between two labels occurs.

    `transitions` counts the transitions from one label to another. `blanks` counts these transitions by the number of
    blank lines between the two lines. `departures` counts the transitions from each label, whatever follows.
    """

    transitions: Counter[tuple[Label, Label]] = field(default_factory=Counter)
    blanks: Counter[tuple[Label, Label, int]] = field(default_factory=Counter)
    departures: Counter[Label] = field(default_factory=Counter)


def label_lines(lines: Sequence[PageLine]) -> list[Label]:
    """Return a label for every line; `lines` must not be empty."""
    seams = seams_of(lines)
    traits = [_without_wrapped_length(line, seam) for line, seam in zip(traits_of(lines), seams[1:], strict=True)]
    labels: list[Label] = []
    for _ in range(_PASSES):
        labels = _most_probable_labels(traits, seams, _count_transitions(seams, labels))
    return labels


def _without_wrapped_length(traits: Traits, below: Seam) -> Traits:
    """Return the traits without the length if the line was wrapped: the length then only shows the page's width."""
    return traits._replace(length="") if below.fill == "full" else traits


def _count_transitions(seams: Iterable[Seam], labels: Sequence[Label]) -> TransitionCounts:
    """Count the transitions of a labelled page; there are none while `labels` is empty."""
    counts = TransitionCounts()
    transitions = list(zip([Label.CHROME, *labels], labels, strict=False))
    counts.transitions.update(transitions)
    counts.departures.update(before for before, _ in transitions)
    counts.blanks.update((*transition, seam.blanks) for transition, seam in zip(transitions, seams, strict=False))
    return counts


def _most_probable_labels(traits: Sequence[Traits], seams: Sequence[Seam], counts: TransitionCounts) -> list[Label]:
    """Return the most probable labels of all lines, found by the Viterbi algorithm.

    The page is assumed to begin and end with chrome, so `seams` has one element more than `traits`.
    """
    tables: dict[Seam, _TransitionTable] = {}
    totals = [0.0 if label is Label.CHROME else -math.inf for label in Label]
    origins: list[list[Label]] = []  # for each line and label, the best label of the line before
    for line, seam in zip(traits, seams[:-1], strict=True):
        if seam not in tables:
            tables[seam] = _transition_table(seam, counts)
        best = [
            max([(totals[before] + transition, before) for before, transition in arrivals]) for arrivals in tables[seam]
        ]
        totals = [total + emission for (total, _), emission in zip(best, _line_log_probabilities(line), strict=True)]
        origins.append([before for _, before in best])
    labels = [
        max(_LAST_LABELS, key=lambda label: totals[label] + _seam_log_probability(label, Label.CHROME, seams[-1]))
    ]
    for origin in reversed(origins[1:]):
        labels.append(origin[labels[-1]])
    return labels[::-1]


@lru_cache(1 << 14)
def _line_log_probabilities(traits: Traits) -> list[float]:
    """Return, for each label, the log probability that a line with this label has these traits."""
    rows = [LINE_PROBABILITIES[name][value] for name, value in zip(Traits._fields, traits, strict=True) if value]
    return [sum(_log(row[COLUMNS[label]] / 100) for row in rows) for label in Label]


def _transition_table(seam: Seam, counts: TransitionCounts) -> _TransitionTable:
    """Return the log probability of every possible transition over this seam."""
    table: _TransitionTable = [[] for _ in Label]
    for before, after in (*TRANSITION_PROBABILITIES, *MISSING_LINE_PROBABILITIES):
        table[after].append((before, _transition_log_probability(before, after, seam, counts)))
    return table


def _transition_log_probability(before: Label, after: Label, seam: Seam, counts: TransitionCounts) -> float:
    """Return the log probability that `after` follows `before` over this seam.

    The probability of the transition is a weighted mean of its value in TRANSITION_PROBABILITIES and of its share among
    the transitions that lead from `before` on this page. TRANSITION_PROBABILITIES weigh as much as three such
    transitions. The probability of the number of blank lines is computed in the same way. But the value
    that is given in advance is the same for every number of blank lines.
    """
    seam_log_probability = _seam_log_probability(before, after, seam)
    if (before, after) in MISSING_LINE_PROBABILITIES:
        return _log(MISSING_LINE_PROBABILITIES[before, after] / 100) + seam_log_probability
    counted_together = _CONTINUATIONS if after in _CONTINUATIONS else (after,)
    given_total = sum(TRANSITION_PROBABILITIES[before, label] for label in counted_together) / 100
    counted = sum(counts.transitions[before, label] for label in counted_together)
    # One is subtracted, because the count of the last pass includes this transition, which must not confirm itself.
    transition_probability = (max(0, counted - 1) + _GIVEN_TRANSITIONS * given_total) / (
        counts.departures[before] + _GIVEN_TRANSITIONS
    )
    share = TRANSITION_PROBABILITIES[before, after] / 100 / given_total
    blanks = (
        sum(counts.blanks[before, label, seam.blanks] for label in counted_together)
        + _GIVEN_TRANSITIONS / _BLANK_COUNTS
    )
    return _log(transition_probability * share) + _log(blanks / (counted + _GIVEN_TRANSITIONS)) + seam_log_probability


def _seam_log_probability(before: Label, after: Label, seam: Seam) -> float:
    return sum(_log(percent / 100) for percent in seam_probabilities(before, after, seam))


def _log(probability: float) -> float:
    """Return the natural logarithm of a probability, which may be 0."""
    return math.log(max(probability, _LOWEST_PROBABILITY))
