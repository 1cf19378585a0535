"""List the probabilities by which the lines of a page are labelled.

They say how often a line with a label has each trait, how often a line with another label follows it, and how often the
seam between the two has each feature; a seam is the place between two lines (see `seams`). All numbers are in per cent,
except those of FILL_WEIGHTS. Those of titles and abstracts are smoothed frequencies in 1,700 real papers, whose
abstracts were laid out in several ways: on one line, cut after the first sentence, and wrapped at 60 to 100 columns.
Those of chrome are estimates that are spread over many values, because the chrome of every page is different.
"""

from __future__ import annotations

from enum import IntEnum

from notifier.sources.page.seams import Seam


class Label(IntEnum):
    """The kinds of lines of a page.

    Chrome is the text of a page that belongs to no title and no abstract, such as buttons, counts and menus.
    """

    CHROME = 0
    TITLE = 1
    TITLE_CONTINUED = 2  # a further line of a wrapped title
    CHROME_BETWEEN = 3  # chrome between a title and its abstract
    ABSTRACT = 4
    ABSTRACT_CONTINUED = 5  # a further line of a wrapped abstract
    ABSTRACT_PARAGRAPH = 6  # a further line of an abstract; this line begins a new sentence
    UNTITLED_ABSTRACT = 7  # an abstract whose title is missing
    TITLE_ONLY = 8  # a title whose abstract is missing


# For each trait and value, the probabilities of chrome, title, title continued, abstract, abstract continued and
# paragraph. A value such as "-8" stands for the range above the value before it and up to 8, and "600-" for more than
# 600.
LINE_PROBABILITIES: dict[str, dict[str, tuple[float, ...]]] = {
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
    "first_character": {
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
    "prose_words": {
        "0": (85, 93, 97, 13, 45, 10),
        "1": (12, 5, 2, 27, 32, 28),
        "2": (2.5, 1.5, 0.7, 18, 15, 22),
        "3": (0.5, 0.5, 0.3, 42, 8, 40),
    },
    "sentence_breaks": {
        "0": (98, 97, 99.4, 50, 64, 60),
        "1": (1.5, 2.5, 0.5, 8, 33, 12),
        "2": (0.5, 0.5, 0.1, 42, 3, 28),
    },
    "kind": {
        "obvious chrome": (46, 0.1, 0.3, 0.02, 0.8, 0.02),
        "url": (6, 0.05, 0.2, 0.02, 2, 0.5),
        "names": (10, 0.8, 3, 0.05, 0.1, 0.1),
        "short label": (22, 2.6, 45, 0.1, 3, 0.3),
        "words": (16, 96.5, 51.7, 99.8, 95.4, 99.6),
    },
    "interface_words": {
        "0": (72, 97, 98, 97, 99, 98),
        "1": (21, 2.7, 1.8, 2.8, 0.9, 1.8),
        "2": (7, 0.3, 0.2, 0.2, 0.1, 0.2),
    },
    "small_words": {
        "0": (50, 13, 20, 5, 12, 4),
        "1": (32, 49, 60, 12, 28, 11),
        "2": (18, 38, 20, 83, 60, 85),
    },
    "words_repeated_below": {
        "0": (86, 13, 40, 33, 60, 25),
        "1": (10, 17, 35, 25, 26, 25),
        "2": (4, 70, 25, 42, 14, 50),
    },
    "similar_lines": {
        "1": (45, 93, 96, 96, 98.5, 98),
        "2": (10, 6, 3, 3, 1, 1.4),
        "3-5": (12, 2.5, 2, 2, 1, 1),
        "6-": (30, 0.2, 0.2, 0.2, 0.1, 0.2),
    },
}
# The column of LINE_PROBABILITIES for each label. Labels with the same column share their probabilities.
COLUMNS = {
    Label.CHROME: 0,
    Label.TITLE: 1,
    Label.TITLE_CONTINUED: 2,
    Label.CHROME_BETWEEN: 0,
    Label.ABSTRACT: 3,
    Label.ABSTRACT_CONTINUED: 4,
    Label.ABSTRACT_PARAGRAPH: 5,
    Label.UNTITLED_ABSTRACT: 5,
    Label.TITLE_ONLY: 1,
}

_L = Label
# How often a line with the first label is followed by a line with the second label.
TRANSITION_PROBABILITIES: dict[tuple[Label, Label], float] = {
    (_L.CHROME, _L.CHROME): 50,
    (_L.CHROME, _L.TITLE): 50,
    (_L.TITLE, _L.TITLE_CONTINUED): 8,
    (_L.TITLE, _L.CHROME_BETWEEN): 10,
    (_L.TITLE, _L.ABSTRACT): 82,
    (_L.TITLE_CONTINUED, _L.TITLE_CONTINUED): 8,
    (_L.TITLE_CONTINUED, _L.CHROME_BETWEEN): 10,
    (_L.TITLE_CONTINUED, _L.ABSTRACT): 82,
    (_L.CHROME_BETWEEN, _L.CHROME_BETWEEN): 40,
    (_L.CHROME_BETWEEN, _L.ABSTRACT): 60,
    (_L.ABSTRACT, _L.ABSTRACT_CONTINUED): 20,
    (_L.ABSTRACT, _L.ABSTRACT_PARAGRAPH): 4,
    (_L.ABSTRACT, _L.TITLE): 47,
    (_L.ABSTRACT, _L.CHROME): 29,
    (_L.ABSTRACT_CONTINUED, _L.ABSTRACT_CONTINUED): 43,
    (_L.ABSTRACT_CONTINUED, _L.ABSTRACT_PARAGRAPH): 3,
    (_L.ABSTRACT_CONTINUED, _L.TITLE): 33,
    (_L.ABSTRACT_CONTINUED, _L.CHROME): 21,
    (_L.ABSTRACT_PARAGRAPH, _L.ABSTRACT_CONTINUED): 16,
    (_L.ABSTRACT_PARAGRAPH, _L.ABSTRACT_PARAGRAPH): 24,
    (_L.ABSTRACT_PARAGRAPH, _L.TITLE): 37,
    (_L.ABSTRACT_PARAGRAPH, _L.CHROME): 23,
}
# The same for the pairs that occur only if a title or an abstract is missing. The module `labels` adjusts the
# probabilities of other pairs to the layout of a page. It does not adjust these probabilities, because a missing line
# is not part of a layout.
MISSING_LINE_PROBABILITIES: dict[tuple[Label, Label], float] = {
    (_L.ABSTRACT, _L.UNTITLED_ABSTRACT): 0.5,
    (_L.ABSTRACT_CONTINUED, _L.UNTITLED_ABSTRACT): 0.5,
    (_L.ABSTRACT_PARAGRAPH, _L.UNTITLED_ABSTRACT): 0.5,
    (_L.CHROME, _L.UNTITLED_ABSTRACT): 0.0025,
    (_L.UNTITLED_ABSTRACT, _L.UNTITLED_ABSTRACT): 5,
    (_L.UNTITLED_ABSTRACT, _L.TITLE): 15,
    (_L.UNTITLED_ABSTRACT, _L.CHROME): 15,
    (_L.ABSTRACT, _L.TITLE_ONLY): 0.12,
    (_L.ABSTRACT_CONTINUED, _L.TITLE_ONLY): 0.12,
    (_L.ABSTRACT_PARAGRAPH, _L.TITLE_ONLY): 0.12,
    (_L.TITLE_ONLY, _L.TITLE_ONLY): 1,
    (_L.TITLE_ONLY, _L.TITLE): 99,
}

# For each case, such as "a title goes on": how often the upper line ends in each way (`Seam.end`).
END_PROBABILITIES: dict[str, dict[str, float]] = {
    "a title goes on": {"period": 0.5, "question": 0.5, "unfinished": 40, "plain": 59},
    "prose goes on": {"period": 6, "question": 0.5, "unfinished": 30, "plain": 63.5},
    "a title ends": {"period": 3, "question": 3, "unfinished": 0.7, "plain": 93.3},
    "prose ends": {"period": 94, "question": 1, "unfinished": 0.2, "plain": 4.8},
    "chrome ends": {"period": 4, "question": 4, "unfinished": 3, "plain": 89},
}
# For each case, the weight of each `Seam.fill` of the upper line. These weights are not probabilities: they also say
# that a wrapped page seldom begins a new paragraph within an abstract, and that titles seldom go on if the page is not
# wrapped.
FILL_WEIGHTS: dict[str, dict[str, float]] = {
    "a title goes on": {"full": 99, "short": 0.3, "too long": 1, "unwrapped": 3},
    "prose goes on": {"full": 99, "short": 0.3, "too long": 1, "unwrapped": 100},
    "a paragraph ends": {"full": 2, "short": 13, "too long": 100, "unwrapped": 100},
    "a line ends": {"full": 12, "short": 88, "too long": 100, "unwrapped": 100},
}
_CONTINUATIONS = {Label.TITLE_CONTINUED: "a title goes on", Label.ABSTRACT_CONTINUED: "prose goes on"}


def seam_probabilities(upper: Label, lower: Label, seam: Seam) -> list[float]:
    """Return how often two lines with these labels have a seam like this one.

    The list has one number for how the upper line ends. If it is known how the upper line fills the width of the page,
    a second number is for that.
    """
    probabilities = [END_PROBABILITIES[_end_case(upper, lower)][seam.end]]
    if seam.fill:
        probabilities.append(FILL_WEIGHTS[_fill_case(lower)][seam.fill])
    return probabilities


def _end_case(upper: Label, lower: Label) -> str:
    """Return the key of END_PROBABILITIES for an upper and a lower line with these labels."""
    if lower in _CONTINUATIONS:
        return _CONTINUATIONS[lower]
    if upper in (Label.TITLE, Label.TITLE_CONTINUED, Label.TITLE_ONLY):
        return "a title ends"
    return "chrome ends" if upper in (Label.CHROME, Label.CHROME_BETWEEN) else "prose ends"


def _fill_case(lower: Label) -> str:
    """Return the key of FILL_WEIGHTS for two lines; `lower` is the label of the lower line."""
    return "a paragraph ends" if lower is Label.ABSTRACT_PARAGRAPH else _CONTINUATIONS.get(lower, "a line ends")
