"""Decide which lines of a page are titles, which are abstracts, and which are chrome.

The page is described by a hidden Markov model. The hidden states are the labels of the lines. The traits of the lines,
and the seams between the lines, are what can be observed. The most probable sequence of labels is found by dynamic
programming (Viterbi, 1967). A step leads from the label of one line to the label of the next line. The steps of this
sequence are counted, together with the number of blank lines at each step. The counts are combined with those of
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
    STEP_PROBABILITIES,
    Label,
    seam_probabilities,
)
from notifier.sources.page.seams import Seam, seams_of
from notifier.sources.page.traits import Traits, traits_of

_PASSES = 2
_GIVEN_STEPS = 3.0  # STEP_PROBABILITIES count as much as three steps of the page
_LOWEST_PROBABILITY = 0.00001  # so that no single trait or step makes a sequence impossible
# The labels that the last line of a page may have.
_LAST_LABELS = (
    Label.CHROME,
    Label.ABSTRACT,
    Label.ABSTRACT_CONTINUED,
    Label.PARAGRAPH,
    Label.UNTITLED_ABSTRACT,
)
# Both labels count as one in the layout of a page: it is chance whether a wrapped line begins with a new sentence.
_CONTINUATIONS = (Label.ABSTRACT_CONTINUED, Label.PARAGRAPH)
_BLANK_COUNTS = 4  # the number of values of `Seam.blanks`: 0, 1, 2 or 3

# For each label, the labels that may precede it, each with the log probability of this step.
_StepTable = list[list[tuple[Label, float]]]


@dataclass(frozen=True, slots=True)
class StepCounts:
    """The layout of a page: how often each step between two labels occurs.

    `steps` counts the steps from one label to another. `blanks` counts these steps by the number of blank lines between
    the two lines. `departures` counts the steps from each label, whatever follows.
    """

    steps: Counter[tuple[Label, Label]] = field(default_factory=Counter)
    blanks: Counter[tuple[Label, Label, int]] = field(default_factory=Counter)
    departures: Counter[Label] = field(default_factory=Counter)


def label_lines(lines: Sequence[PageLine]) -> list[Label]:
    """Return a label for every line; `lines` must not be empty."""
    seams = seams_of(lines)
    traits = [_without_wrapped_length(line, seam) for line, seam in zip(traits_of(lines), seams[1:], strict=True)]
    labels: list[Label] = []
    for _ in range(_PASSES):
        labels = _most_probable_labels(traits, seams, _count_steps(seams, labels))
    return labels


def _without_wrapped_length(traits: Traits, below: Seam) -> Traits:
    """Return the traits without the length if the line was wrapped: the length then only shows the page's width."""
    return traits._replace(length="") if below.fill == "full" else traits


def _count_steps(seams: Iterable[Seam], labels: Sequence[Label]) -> StepCounts:
    """Count the steps of a labelled page; there are none while `labels` is empty."""
    counts = StepCounts()
    steps = list(zip([Label.CHROME, *labels], labels, strict=False))
    counts.steps.update(steps)
    counts.departures.update(before for before, _ in steps)
    counts.blanks.update((*step, seam.blanks) for step, seam in zip(steps, seams, strict=False))
    return counts


def _most_probable_labels(traits: Sequence[Traits], seams: Sequence[Seam], counts: StepCounts) -> list[Label]:
    """Return the most probable labels of all lines, found by the Viterbi algorithm.

    The page is assumed to begin and end with chrome, so `seams` has one element more than `traits`.
    """
    tables: dict[Seam, _StepTable] = {}
    totals = [0.0 if label is Label.CHROME else -math.inf for label in Label]
    origins: list[list[Label]] = []  # for each line and label, the best label of the line before
    for line, seam in zip(traits, seams[:-1], strict=True):
        if seam not in tables:
            tables[seam] = _step_table(seam, counts)
        best = [max([(totals[before] + step, before) for before, step in arrivals]) for arrivals in tables[seam]]
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


def _step_table(seam: Seam, counts: StepCounts) -> _StepTable:
    """Return the log probability of every possible step over this seam."""
    table: _StepTable = [[] for _ in Label]
    for before, after in (*STEP_PROBABILITIES, *MISSING_LINE_PROBABILITIES):
        table[after].append((before, _step_log_probability(before, after, seam, counts)))
    return table


def _step_log_probability(before: Label, after: Label, seam: Seam, counts: StepCounts) -> float:
    """Return the log probability that `after` follows `before` over this seam.

    The probability of the step is a weighted mean of its value in STEP_PROBABILITIES and of its share among the
    steps that lead from `before` on this page. STEP_PROBABILITIES weigh as much as three such steps. The probability of
    the number of blank lines is computed in the same way, from equal probabilities of each number.
    """
    seam_log_probability = _seam_log_probability(before, after, seam)
    if (before, after) in MISSING_LINE_PROBABILITIES:
        return _log(MISSING_LINE_PROBABILITIES[before, after] / 100) + seam_log_probability
    counted_together = _CONTINUATIONS if after in _CONTINUATIONS else (after,)
    given_total = sum(STEP_PROBABILITIES[before, label] for label in counted_together) / 100
    counted = sum(counts.steps[before, label] for label in counted_together)
    # One step is not counted: the step in question must not confirm itself.
    step_probability = (max(0, counted - 1) + _GIVEN_STEPS * given_total) / (counts.departures[before] + _GIVEN_STEPS)
    share = STEP_PROBABILITIES[before, after] / 100 / given_total
    blanks = sum(counts.blanks[before, label, seam.blanks] for label in counted_together) + _GIVEN_STEPS / _BLANK_COUNTS
    return _log(step_probability * share) + _log(blanks / (counted + _GIVEN_STEPS)) + seam_log_probability


def _seam_log_probability(before: Label, after: Label, seam: Seam) -> float:
    return sum(_log(percent / 100) for percent in seam_probabilities(before, after, seam))


def _log(probability: float) -> float:
    """Return the natural logarithm of a probability, which may be 0."""
    return math.log(max(probability, _LOWEST_PROBABILITY))
