"""What each line of a page is: the labelling of the whole page that the evidence supports best.

A page is read as a hidden Markov chain: each line has a label, each label tends to show certain traits, and labels
follow each other by certain odds. The most probable chain is found by dynamic programming (Viterbi, 1967). Then the
traits and steps of this page are counted under that reading, added to the odds, and the page is read again (Viterbi
training; Juang and Rabiner, 1990): so an unusual layout (blank lines, wrapped text, chrome in the same place every
time) becomes evidence for itself. Everything is linear in the number of lines, and nothing is random.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from notifier.sources.page_lines import Line
from notifier.sources.page_odds import ENDING_ODDS, FAULT_ODDS, LABEL_COLUMN, LINE_ODDS, STEP_ODDS, Label, ending
from notifier.sources.page_traits import Traits, traits_of
from notifier.sources.page_wrapping import fullness_before

_READINGS = 3
_LINE_WEIGHT = 20.0  # lines that the given odds of a trait count for, beside the page's own
_STEP_WEIGHT = 2.0
_RAREST = 0.003  # no single trait or step rules a reading out
_MOST_BLANKS = 3  # more blank lines than these say nothing more
_FULL = {"full": (0.99, 0.07), "short": (0.01, 0.93)}  # lines that go on, others
_END = len(Label)

_STEPS = [(before, after) for before, odds in STEP_ODDS.items() for after in odds]
_ENDS = [Label.CHROME, Label.ABSTRACT, Label.ABSTRACT_MORE, Label.PARAGRAPH, Label.ORPHAN]
_MORE = (Label.TITLE_MORE, Label.ABSTRACT_MORE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A labelling, as counts: what the next reading learns from."""

    traits: Counter[tuple[int, str, int]]
    labels: Counter[int]
    steps: Counter[tuple[int, int]]
    blanks: Counter[tuple[int, int, int]]
    endings: Counter[tuple[str, str]]


_NOTHING = _Reading(Counter(), Counter(), Counter(), Counter(), Counter())


def label_lines(lines: Sequence[Line]) -> list[Label]:
    """A label for every line."""
    traits = traits_of(lines)
    joints = _joints(lines)
    labels: list[Label] = []
    reading = _NOTHING
    for _ in range(_READINGS):
        labels = _best_chain(traits, joints, reading)
        reading = _count(traits, joints, labels)
    return labels


Joint = tuple[int, str, str]  # blank lines, how the line before ends, whether it is full


def _joints(lines: Sequence[Line]) -> list[tuple[int, str]]:
    fullness = fullness_before(lines)
    return [(min(line.blanks, _MOST_BLANKS), full) for line, full in zip(lines, fullness, strict=True)]


def _best_chain(traits: Sequence[Traits], joints: Sequence[tuple[int, str]], learnt: _Reading) -> list[Label]:
    emissions = _Emissions(learnt)
    arrivals = _Arrivals(learnt)
    totals = [0.0] + [-math.inf] * (len(Label) - 1)
    origins: list[list[int]] = []
    ends = "plain"
    for own, (blanks, full) in zip(traits, joints, strict=True):
        costs = arrivals[blanks, ends, full]
        row = emissions[own]
        nxt, org = [], []
        for after in range(len(Label)):
            best, origin = -math.inf, 0
            for before, cost in costs[after]:
                total = totals[before] + cost
                if total > best:
                    best, origin = total, before
            nxt.append(best + row[after])
            org.append(origin)
        totals = nxt
        origins.append(org)
        ends = own.ends
    final = arrivals.leave(ends)
    label = max(range(len(Label)), key=lambda each: totals[each] + final[each])
    chain = []
    for org in reversed(origins):
        chain.append(Label(label))
        label = org[label]
    return chain[::-1]


class _Emissions(dict[Traits, list[float]]):
    def __init__(self, learnt: _Reading) -> None:
        super().__init__()
        self.tables = []
        for index, name in enumerate(Traits._fields):
            if name not in LINE_ODDS:
                continue
            table = {}
            for value, row in LINE_ODDS[name].items():
                logs = []
                for label in Label:
                    column = LABEL_COLUMN[label]
                    seen = learnt.traits[index, value, column]
                    n = learnt.labels[column]
                    p = (seen + _LINE_WEIGHT * row[column] / 100) / (n + _LINE_WEIGHT)
                    logs.append(math.log(max(p, _RAREST)))
                table[value] = logs
            self.tables.append((index, table))

    def __missing__(self, traits: Traits) -> list[float]:
        rows = [table[traits[index]] for index, table in self.tables]
        self[traits] = total = [sum(column) for column in zip(*rows, strict=True)]
        return total


class _Arrivals(dict[tuple[int, str, str], list[list[tuple[int, float]]]]):
    def __init__(self, learnt: _Reading) -> None:
        super().__init__()
        self.learnt = learnt
        self.out = Counter()
        for (before, _), n in learnt.steps.items():
            self.out[before] += n

    def __missing__(self, context: tuple[int, str, str]) -> list[list[tuple[int, float]]]:
        table: list[list[tuple[int, float]]] = [[] for _ in Label]
        for before, after in _STEPS:
            table[after].append((int(before), self.cost(before, after, *context)))
        blanks, ends, full = context
        for before, faults in FAULT_ODDS.items():
            for after, odds in faults.items():
                p = odds / 100 / 4 * ENDING_ODDS[ending(before, after)][ends] / 100 * (_FULL[full][1] if full else 1.0)
                table[after].append((int(before), math.log(p)))
        self[context] = table
        return table

    def cost(self, before: Label, after: Label, blanks: int, ends: str, full: str) -> float:
        lr = self.learnt
        total = sum(STEP_ODDS[before].values())
        p = (max(0, lr.steps[before, after] - 1) + _STEP_WEIGHT * STEP_ODDS[before][after] / total) / (
            self.out[before] + _STEP_WEIGHT
        )
        n = lr.steps[before, after]
        g = (lr.blanks[before, after, blanks] + _STEP_WEIGHT / 4) / (n + _STEP_WEIGHT)
        kind = ending(before, after)
        e = (lr.endings[kind, ends] + _LINE_WEIGHT * ENDING_ODDS[kind][ends] / 100) / (
            lr.endings[kind, ""] + _LINE_WEIGHT
        )
        f = _FULL[full][after not in _MORE] if full else 1.0
        return sum(math.log(max(x, _RAREST)) for x in (p, g, e, f))

    def leave(self, ends: str) -> list[float]:
        out = [-math.inf] * len(Label)
        for label in _ENDS:
            out[label] = math.log(ENDING_ODDS[ending(label, None)][ends] / 100)
        return out


def _count(traits: Sequence[Traits], joints: Sequence[tuple[int, str]], labels: Sequence[Label]) -> _Reading:
    reading = _Reading(Counter(), Counter(), Counter(), Counter(), Counter())
    for own, label in zip(traits, labels, strict=True):
        column = LABEL_COLUMN[label]
        reading.labels[column] += 1
        for index, value in enumerate(own):
            reading.traits[index, value, column] += 1
    before, ends = Label.CHROME, "plain"
    for own, (blanks, _), label in zip(traits, joints, labels, strict=True):
        reading.steps[before, label] += 1
        reading.blanks[before, label, blanks] += 1
        reading.endings[ending(before, label), ends] += 1
        reading.endings[ending(before, label), ""] += 1
        before, ends = label, own.ends
    return reading
