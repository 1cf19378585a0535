"""How often each kind of line has each trait, in per cent: rounded from real papers laid out in many ways.

The figures were taken from 1,700 titles and abstracts of three sources, each abstract on one line, as its first
sentence alone, and wrapped at 60 to 100 columns; those of chrome are guesses, kept wide because any page has its own.
They are only where a page's reading starts: what the page itself shows is counted and added (`page_labels`).
"""

from __future__ import annotations

from enum import IntEnum


class Label(IntEnum):
    """The part that a line plays."""

    CHROME = 0
    TITLE = 1
    TITLE_MORE = 2  # a wrapped title goes on
    BETWEEN = 3  # chrome between a title and its abstract
    ABSTRACT = 4
    ABSTRACT_MORE = 5
    PARAGRAPH = 6  # an abstract goes on with a new sentence
    ORPHAN = 7  # prose that has no title
    ALONE = 8  # a title that has no abstract


Row = tuple[float, ...]

# Each row: chrome, title, title more, abstract, abstract more, paragraph.
LINE_ODDS: dict[str, dict[str, Row]] = {
    "length": {  # in columns
        "-3": (14, 0.05, 0.3, 0.02, 0.1, 0.02),
        "-8": (20, 0.3, 9, 0.02, 0.8, 0.05),
        "-15": (22, 1.2, 17, 0.05, 2, 0.1),
        "-25": (20, 5, 22, 0.3, 2.5, 0.3),
        "-40": (12, 10, 35, 1.5, 3, 1),
        "-60": (6, 20, 14, 8, 26, 4),
        "-90": (3, 42, 2, 16, 44, 12),
        "-130": (1.5, 19, 0.5, 14, 17, 20),
        "-180": (0.6, 2, 0.2, 12, 2, 18),
        "-300": (0.4, 0.3, 0.05, 16, 2, 20),
        "-600": (0.3, 0.1, 0.02, 12, 2, 14),
        "600-": (0.2, 0.05, 0.01, 20, 1, 10),
    },
    "begins": {
        "upper": (50, 93, 60, 96, 12, 96),
        "lower": (14, 1.5, 36, 0.5, 84.5, 0.5),
        "digit": (16, 4, 3, 1, 1.5, 1),
        "mark": (18, 0.5, 0.5, 0.5, 1.5, 0.5),
        "caseless": (2, 1, 0.5, 2, 0.5, 2),
    },
    "capitals": {
        "most": (24, 66, 45, 1, 2, 1),
        "some": (12, 5, 2, 6, 11, 6),
        "none": (12, 24, 8, 90, 80, 90),
        "few": (52, 5, 45, 3, 10, 3),
    },
    "prose": {
        "0": (93, 93, 98, 13, 45, 10),
        "1": (5, 5, 1.5, 27, 32, 28),
        "2": (1.5, 1.5, 0.4, 18, 15, 22),
        "3": (0.5, 0.5, 0.1, 42, 8, 40),
    },
    "breaks": {
        "0": (98, 97, 99.4, 50, 64, 60),
        "1": (1.5, 2.5, 0.5, 8, 33, 12),
        "2": (0.5, 0.5, 0.1, 42, 3, 28),
    },
    "kind": {
        "furniture": (58, 0.1, 0.3, 0.03, 1.5, 0.03),
        "names": (12, 2, 1.5, 0.7, 1, 0.5),
        "label": (14, 2, 38, 0.5, 4, 0.5),
        "words": (16, 96, 60, 98.7, 96.7, 99),
    },
    "interface": {  # words of a page, not of a paper
        "0": (72, 97, 98, 97, 99, 98),
        "1": (21, 2.7, 1.8, 2.8, 0.9, 1.8),
        "2": (7, 0.3, 0.2, 0.2, 0.1, 0.2),
    },
    "repeats": {  # how many lines of the page are the same but for digits
        "1": (45, 93, 96, 96, 98.5, 98),
        "2": (10, 6, 3, 3, 1, 1.4),
        "3-5": (15, 0.8, 0.8, 0.8, 0.4, 0.4),
        "6-": (30, 0.2, 0.2, 0.2, 0.1, 0.2),
    },
}
LABEL_COLUMN = {
    Label.CHROME: 0,
    Label.TITLE: 1,
    Label.TITLE_MORE: 2,
    Label.BETWEEN: 0,
    Label.ABSTRACT: 3,
    Label.ABSTRACT_MORE: 4,
    Label.PARAGRAPH: 5,
    Label.ORPHAN: 5,
    Label.ALONE: 1,
}

_FROM_TITLE = {Label.TITLE_MORE: 2, Label.BETWEEN: 10, Label.ABSTRACT: 88}
_FROM_ABSTRACT = {Label.ABSTRACT_MORE: 20, Label.PARAGRAPH: 4, Label.TITLE: 47, Label.CHROME: 29}
STEP_ODDS: dict[Label, dict[Label, float]] = {
    Label.CHROME: {Label.CHROME: 50, Label.TITLE: 50},
    Label.TITLE: _FROM_TITLE,
    Label.TITLE_MORE: _FROM_TITLE,
    Label.BETWEEN: {Label.BETWEEN: 40, Label.ABSTRACT: 60},
    Label.ABSTRACT: _FROM_ABSTRACT,
    Label.ABSTRACT_MORE: _FROM_ABSTRACT | {Label.ABSTRACT_MORE: 60},
    Label.PARAGRAPH: _FROM_ABSTRACT | {Label.ABSTRACT_MORE: 20, Label.PARAGRAPH: 30},
    Label.ORPHAN: {Label.TITLE: 50, Label.CHROME: 50},
    Label.ALONE: {Label.TITLE: 100},
}
# A lost title or abstract is a fault, and faults are not learnt: these odds stand as they are.
_FAULTS = {Label.ORPHAN: 2.0, Label.ALONE: 0.5}
FAULT_ODDS: dict[Label, dict[Label, float]] = {
    Label.ABSTRACT: _FAULTS,
    Label.ABSTRACT_MORE: _FAULTS,
    Label.PARAGRAPH: _FAULTS,
    Label.ORPHAN: {Label.ORPHAN: 20},
    Label.ALONE: {Label.ALONE: 5},
    Label.CHROME: {Label.ORPHAN: 0.01},
}

# How a line ends, by what comes next: with a stop, with ? or !, open (a comma, "of"), or plainly.
ENDING_ODDS: dict[str, dict[str, float]] = {
    "title goes on": {"stop": 0.5, "call": 0.5, "open": 40, "plain": 59},
    "prose goes on": {"stop": 6, "call": 0.5, "open": 30, "plain": 63.5},
    "title ends": {"stop": 3, "call": 3, "open": 0.7, "plain": 93.3},
    "prose ends": {"stop": 94, "call": 1, "open": 0.5, "plain": 4.5},
    "chrome ends": {"stop": 4, "call": 4, "open": 3, "plain": 89},
}


def ending(before: Label, after: Label | None) -> str:
    """What happens at the end of a line that `after` follows (None: the page ends): a key of ENDING_ODDS."""
    if after is Label.TITLE_MORE:
        return "title goes on"
    if after is Label.ABSTRACT_MORE:
        return "prose goes on"
    if before in (Label.TITLE, Label.TITLE_MORE, Label.ALONE):
        return "title ends"
    return "chrome ends" if before in (Label.CHROME, Label.BETWEEN) else "prose ends"
