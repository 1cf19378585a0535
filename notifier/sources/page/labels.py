"""What each line of a page is: the labelling of the whole page that the evidence supports best.

A page is read as a hidden Markov chain: each line has a label, labels follow each other by certain odds, and each label
shows in the traits of its line and in how it meets its neighbour. The most probable chain is found by dynamic
programming (Viterbi, 1967). Then the steps of this page, and the blank lines at each, are counted under that reading,
added to the given odds, and the page is read again (Viterbi training; Juang and Rabiner, 1990): so the page's own
layout becomes evidence. Everything is linear in the number of lines, and nothing is random.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from notifier.sources.page.lines import Line
from notifier.sources.page.odds import COLUMNS, FAULT_ODDS, LINE_ODDS, STEP_ODDS, Label, meeting_odds
from notifier.sources.page.seams import Seam, seams_of
from notifier.sources.page.traits import Traits, traits_of

_READINGS = 2
_STEP_WEIGHT = 3.0  # steps that the given odds count for, beside the page's own
_RAREST = 0.00001  # no single trait or step rules a reading out
_LAST = (Label.CHROME, Label.ABSTRACT, Label.ABSTRACT_MORE, Label.PARAGRAPH, Label.ORPHAN)
_GOING_ON = (Label.ABSTRACT_MORE, Label.PARAGRAPH)  # one step to the layout: where a line is broken is chance
_BLANKS = 4  # kinds of blank space: none, one, two, more

_Table = list[list[tuple[Label, float]]]  # for each label, the labels that it may follow, and the log odds


@dataclass(frozen=True, slots=True)
class Layout:
    """How often each label followed another, and over how many blank lines."""

    steps: Counter[tuple[Label, Label]] = field(default_factory=Counter)
    blanks: Counter[tuple[Label, Label, int]] = field(default_factory=Counter)
    departures: Counter[Label] = field(default_factory=Counter)


def label_lines(lines: Sequence[Line]) -> list[Label]:
    """A label for every line; there is at least one."""
    seams = seams_of(lines)
    traits = [_in_place(own, below) for own, below in zip(traits_of(lines), seams[1:], strict=True)]
    labels: list[Label] = []
    for _ in range(_READINGS):
        labels = _best_chain(traits, seams, _layout(seams, labels))
    return labels


def _in_place(own: Traits, below: Seam) -> Traits:
    """A line that fills the width of its page is as long as the page is wide, which says nothing of the line."""
    return own._replace(length="") if below.fill == "full" else own


def _layout(seams: Iterable[Seam], labels: Sequence[Label]) -> Layout:
    layout = Layout()
    steps = list(zip([Label.CHROME, *labels], labels, strict=False))
    layout.steps.update(steps)
    layout.departures.update(before for before, _ in steps)
    layout.blanks.update((*step, seam.blanks) for step, seam in zip(steps, seams, strict=False))
    return layout


def _best_chain(traits: Sequence[Traits], seams: Sequence[Seam], layout: Layout) -> list[Label]:
    """The most probable labels; above the first line the page is chrome, and below the last one again.

    There is one seam more than lines.
    """
    tables: dict[Seam, _Table] = {}
    totals = [0.0 if label is Label.CHROME else -math.inf for label in Label]
    origins: list[list[Label]] = []
    for own, seam in zip(traits, seams[:-1], strict=True):
        if seam not in tables:
            tables[seam] = _step_table(seam, layout)
        best = [max([(totals[before] + odds, before) for before, odds in arrivals]) for arrivals in tables[seam]]
        totals = [total + odds for (total, _), odds in zip(best, _line_odds(own), strict=True)]
        origins.append([before for _, before in best])
    chain = [max(_LAST, key=lambda label: totals[label] + _meeting_odds(label, Label.CHROME, seams[-1]))]
    for origin in reversed(origins[1:]):
        chain.append(origin[chain[-1]])
    return chain[::-1]


@lru_cache(1 << 14)
def _line_odds(traits: Traits) -> list[float]:
    """The log odds of a line's traits under each label; an empty trait says nothing."""
    seen = [LINE_ODDS[name][value] for name, value in zip(Traits._fields, traits, strict=True) if value]
    return [sum(_log(odds[COLUMNS[label]] / 100) for odds in seen) for label in Label]


def _step_table(seam: Seam, layout: Layout) -> _Table:
    table: _Table = [[] for _ in Label]
    for before, after in (*STEP_ODDS, *FAULT_ODDS):
        table[after].append((before, _step_odds(before, after, seam, layout)))
    return table


def _step_odds(before: Label, after: Label, seam: Seam, layout: Layout) -> float:
    """The log odds that `after` follows `before` over this seam."""
    met = _meeting_odds(before, after, seam)
    if (before, after) in FAULT_ODDS:
        return _log(FAULT_ODDS[before, after] / 100) + met
    alike = _GOING_ON if after in _GOING_ON else (after,)
    given = sum(STEP_ODDS[before, each] for each in alike) / 100
    taken = sum(layout.steps[before, each] for each in alike)
    # Its own single occurrence does not vouch for a step.
    step = (max(0, taken - 1) + _STEP_WEIGHT * given) / (layout.departures[before] + _STEP_WEIGHT)
    share = STEP_ODDS[before, after] / 100 / given
    blanks = sum(layout.blanks[before, each, seam.blanks] for each in alike) + _STEP_WEIGHT / _BLANKS
    return _log(step * share) + _log(blanks / (taken + _STEP_WEIGHT)) + met


def _meeting_odds(before: Label, after: Label, seam: Seam) -> float:
    return sum(_log(odds / 100) for odds in meeting_odds(before, after, seam))


def _log(odds: float) -> float:
    return math.log(max(odds, _RAREST))
