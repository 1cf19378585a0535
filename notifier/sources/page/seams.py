"""Describe the seams of a page. A seam is the place between two lines that follow each other.

A seam shows whether the lower line probably continues the sentence or the title of the upper line. For example, the
lower line probably does so if the upper line ends with a comma. It probably does not if the upper line ends with a
period, or if there are blank lines between the two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from notifier.sources.page.lines import PageLine

_MAX_BLANKS = 3  # more blank lines mean the same as three

_PERIOD = re.compile(r"[.。।؟۔][\"'”’)\]]*$")
_ENDS_WITH_URL = re.compile(r"\shttps?://\S+$")
_LONGEST_URL = 200  # characters
_TAIL = 20  # most patterns are tried on only this many characters at the end of a line
_SMALL_WORD = r"\b(?:a|an|the|of|for|and|or|in|on|to|with|via|by|from|at|as|using|towards?)"
_UNFINISHED = re.compile(rf"(?:[,:;(\[–—-]|{_SMALL_WORD})$", re.IGNORECASE)

_NARROWEST, _WIDEST = 30, 240  # columns of a wrapped page
_MIN_BREAKS = 3  # the width of a page must explain at least this many broken sentences
_MIN_SHARE = 0.7  # the width of a page must explain at least this share of the broken sentences
_SENTENCE_ENDS = ".!?。！？"


class Seam(NamedTuple):
    """The features of the place between a line and the line below it.

    `blanks`: the number of blank lines between them, at most 3.

    `end`: how the upper line ends. "period": with a period or a URL. "question": with a question mark, an
    exclamation mark or an ellipsis. "unfinished": with a comma or a similar mark, or with a word such as "of". "plain":
    otherwise.

    `fill`: how the upper line fills the width of a wrapped page. "full": the next word did not fit. "short": the next
    word would have fitted. "too long": the line is longer than the page is wide. "unwrapped": the page is not wrapped.
    Empty: unknown, because one of the two lines is missing.
    """

    blanks: int = 0
    end: str = "plain"
    fill: str = ""


def seams_of(lines: Sequence[PageLine]) -> list[Seam]:
    """Return the seam above each line, and then the seam below the last line."""
    width = _page_width(lines)
    first = Seam(blanks=min(lines[0].blanks, _MAX_BLANKS))
    last = Seam(end=_end(lines[-1].text))
    return [first, *(_seam(upper, lower, width) for upper, lower in pairwise(lines)), last]


def _seam(upper: PageLine, lower: PageLine, width: int | None) -> Seam:
    return Seam(min(lower.blanks, _MAX_BLANKS), _end(upper.text), _fill(upper.text, lower.text, width))


def _end(text: str) -> str:
    """Return how a line ends, as a value of `Seam.end`."""
    tail = text[-_TAIL:]
    if _PERIOD.search(tail) or _ENDS_WITH_URL.search(text[-_LONGEST_URL:]):
        return "period"
    if tail[-1] in "?!？！…":
        return "question"
    return "unfinished" if _UNFINISHED.search(tail) else "plain"


def _fill(upper: str, lower: str, width: int | None) -> str:
    """Return how the upper line fills the width of the page, as a value of `Seam.fill`."""
    if width is None:
        return "unwrapped"
    if len(upper) > width:
        return "too long"
    return "full" if len(upper) + _columns_of_next_word(lower) > width else "short"


def _columns_of_next_word(text: str) -> int:
    """Return the number of columns that the first word of a line takes, with a space before it."""
    return 1 + len(text.split(" ", 1)[0])


def _page_width(lines: Sequence[PageLine]) -> int | None:
    """Return the width, in columns, that a page was wrapped at, or None if it was not wrapped.

    A sentence is broken if a line does not end it and the next line begins with a lower-case letter. A width explains
    the break if the line fits into it, and if the first word of the next line did not fit any more. The smallest of the
    widths that explain the most breaks is returned.
    """
    changes = [0] * (_WIDEST + 2)  # by width: how many more breaks it explains than the next smaller width
    breaks = 0
    for upper, lower in pairwise(line.text for line in lines):
        if upper[-1] in _SENTENCE_ENDS or not lower[0].islower():
            continue
        breaks += 1
        smallest = max(len(upper), _NARROWEST)
        if smallest <= _WIDEST:
            changes[smallest] += 1
            changes[min(len(upper) + _columns_of_next_word(lower), _WIDEST + 1)] -= 1
    explained = list(accumulate(changes[: _WIDEST + 1]))
    most = max(explained)
    return explained.index(most) if most >= max(_MIN_BREAKS, _MIN_SHARE * breaks) else None
