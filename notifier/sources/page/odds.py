"""How often each kind of line shows each trait, and follows each other kind, in per cent.

The figures of titles and abstracts were counted on 1,700 real ones, each abstract on one line, as its first sentence
alone, and wrapped at 60 to 100 columns, and then smoothed by hand. Those of chrome are guesses, and kept wide: every
page has its own.
"""

from __future__ import annotations

from enum import IntEnum

from notifier.sources.page.seams import Seam


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


# For each trait and value: chrome, title, title more, abstract, abstract more, paragraph.
LINE_ODDS: dict[str, dict[str, tuple[float, ...]]] = {
    "length": {
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
        "most": (45, 75, 80, 1, 2, 1),
        "some": (25, 4, 10, 6, 12, 6),
        "none": (30, 21, 10, 93, 86, 93),
    },
    "prose": {
        "0": (85, 93, 97, 13, 45, 10),
        "1": (12, 5, 2, 27, 32, 28),
        "2": (2.5, 1.5, 0.7, 18, 15, 22),
        "3": (0.5, 0.5, 0.3, 42, 8, 40),
    },
    "breaks": {
        "0": (98, 97, 99.4, 50, 64, 60),
        "1": (1.5, 2.5, 0.5, 8, 33, 12),
        "2": (0.5, 0.5, 0.1, 42, 3, 28),
    },
    "kind": {
        "furniture": (46, 0.1, 0.3, 0.02, 0.8, 0.02),
        "address": (6, 0.05, 0.2, 0.02, 2, 0.5),
        "names": (10, 0.8, 3, 0.05, 0.1, 0.1),
        "label": (22, 2.6, 45, 0.1, 3, 0.3),
        "words": (16, 96.5, 51.7, 99.8, 95.4, 99.6),
    },
    "interface": {
        "0": (72, 97, 98, 97, 99, 98),
        "1": (21, 2.7, 1.8, 2.8, 0.9, 1.8),
        "2": (7, 0.3, 0.2, 0.2, 0.1, 0.2),
    },
    "small": {
        "0": (50, 13, 20, 5, 12, 4),
        "1": (32, 49, 60, 12, 28, 11),
        "2": (18, 38, 20, 83, 60, 85),
    },
    "echo": {
        "0": (86, 13, 40, 33, 60, 25),
        "1": (10, 17, 35, 25, 26, 25),
        "2": (4, 70, 25, 42, 14, 50),
    },
    "repeats": {
        "1": (45, 93, 96, 96, 98.5, 98),
        "2": (10, 6, 3, 3, 1, 1.4),
        "3-5": (12, 2.5, 2, 2, 1, 1),
        "6-": (30, 0.2, 0.2, 0.2, 0.1, 0.2),
    },
}
COLUMNS = {  # of LINE_ODDS
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

_L = Label
STEP_ODDS: dict[tuple[Label, Label], float] = {
    (_L.CHROME, _L.CHROME): 50,
    (_L.CHROME, _L.TITLE): 50,
    (_L.TITLE, _L.TITLE_MORE): 8,
    (_L.TITLE, _L.BETWEEN): 10,
    (_L.TITLE, _L.ABSTRACT): 82,
    (_L.TITLE_MORE, _L.TITLE_MORE): 8,
    (_L.TITLE_MORE, _L.BETWEEN): 10,
    (_L.TITLE_MORE, _L.ABSTRACT): 82,
    (_L.BETWEEN, _L.BETWEEN): 40,
    (_L.BETWEEN, _L.ABSTRACT): 60,
    (_L.ABSTRACT, _L.ABSTRACT_MORE): 20,
    (_L.ABSTRACT, _L.PARAGRAPH): 4,
    (_L.ABSTRACT, _L.TITLE): 47,
    (_L.ABSTRACT, _L.CHROME): 29,
    (_L.ABSTRACT_MORE, _L.ABSTRACT_MORE): 43,
    (_L.ABSTRACT_MORE, _L.PARAGRAPH): 3,
    (_L.ABSTRACT_MORE, _L.TITLE): 33,
    (_L.ABSTRACT_MORE, _L.CHROME): 21,
    (_L.PARAGRAPH, _L.ABSTRACT_MORE): 16,
    (_L.PARAGRAPH, _L.PARAGRAPH): 24,
    (_L.PARAGRAPH, _L.TITLE): 37,
    (_L.PARAGRAPH, _L.CHROME): 23,
}
# A lost title or abstract is a fault of one page, never its layout: nothing is learnt about these steps.
FAULT_ODDS: dict[tuple[Label, Label], float] = {
    (_L.ABSTRACT, _L.ORPHAN): 0.5,
    (_L.ABSTRACT_MORE, _L.ORPHAN): 0.5,
    (_L.PARAGRAPH, _L.ORPHAN): 0.5,
    (_L.CHROME, _L.ORPHAN): 0.0025,
    (_L.ORPHAN, _L.ORPHAN): 5,
    (_L.ORPHAN, _L.TITLE): 15,
    (_L.ORPHAN, _L.CHROME): 15,
    (_L.ABSTRACT, _L.ALONE): 0.12,
    (_L.ABSTRACT_MORE, _L.ALONE): 0.12,
    (_L.PARAGRAPH, _L.ALONE): 0.12,
    (_L.ALONE, _L.ALONE): 1,
    (_L.ALONE, _L.TITLE): 99,
}

# How the line before ends, by what happens there.
END_ODDS: dict[str, dict[str, float]] = {
    "a title goes on": {"stop": 0.5, "call": 0.5, "open": 40, "plain": 59},
    "prose goes on": {"stop": 6, "call": 0.5, "open": 30, "plain": 63.5},
    "a title ends": {"stop": 3, "call": 3, "open": 0.7, "plain": 93.3},
    "prose ends": {"stop": 94, "call": 1, "open": 0.2, "plain": 4.8},
    "chrome ends": {"stop": 4, "call": 4, "open": 3, "plain": 89},
}
# Whether the line before fills the width of a wrapped page, where paragraphs are rare; on other pages titles seldom
# go on.
FILL_ODDS: dict[str, dict[str, float]] = {
    "a title goes on": {"full": 99, "short": 0.3, "over": 1, "loose": 3},
    "prose goes on": {"full": 99, "short": 0.3, "over": 1, "loose": 100},
    "a paragraph ends": {"full": 2, "short": 13, "over": 100, "loose": 100},
    "a line ends": {"full": 12, "short": 88, "over": 100, "loose": 100},
}
_GOING_ON = {Label.TITLE_MORE: "a title goes on", Label.ABSTRACT_MORE: "prose goes on"}


def meeting_odds(before: Label, after: Label, seam: Seam) -> list[float]:
    """How often, in per cent, two lines of these labels meet as they do here, for each trait of the seam."""
    odds = [END_ODDS[_end(before, after)][seam.end]]
    if seam.fill:
        odds.append(FILL_ODDS[_fill(after)][seam.fill])
    return odds


def _fill(after: Label) -> str:
    return "a paragraph ends" if after is Label.PARAGRAPH else _GOING_ON.get(after, "a line ends")


def _end(before: Label, after: Label) -> str:
    if after in _GOING_ON:
        return _GOING_ON[after]
    if before in (Label.TITLE, Label.TITLE_MORE, Label.ALONE):
        return "a title ends"
    return "chrome ends" if before in (Label.CHROME, Label.BETWEEN) else "prose ends"
