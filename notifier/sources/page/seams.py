"""What can be seen where two lines meet: space, a line end, the width of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from notifier.sources.page.lines import Line

_MOST_BLANKS = 3  # more blank lines than these say nothing more

_STOP = re.compile(r"[.。।؟۔][\"'”’)\]]*$")
_ENDS_IN_ADDRESS = re.compile(r"\shttps?://\S+$")
_LONGEST_ADDRESS = 200
_TAIL = 20
_SMALL_WORD = r"\b(?:a|an|the|of|for|and|or|in|on|to|with|via|by|from|at|as|using|towards?)"
_OPEN = re.compile(rf"(?:[,:;(\[–—-]|{_SMALL_WORD})$", re.IGNORECASE)

_NARROWEST, _WIDEST = 30, 240  # columns that a page may be wrapped at
_LEAST_PAIRS = 3
_LEAST_SHARE = 0.7
_SENTENCE_ENDS = ".!?。！？"


class Seam(NamedTuple):
    """Where a line meets the line above it; an empty trait says nothing."""

    blanks: int = 0  # blank lines between them
    end: str = "plain"  # how the line before ends: with a stop, with ? or ! (call), open (a comma, "of"), or plainly
    fill: str = ""  # on a wrapped page the line before is full, short or over the width; on others loose


def seams_of(lines: Sequence[Line]) -> list[Seam]:
    """The seam above every line, and the one below the last."""
    width = _width(lines)
    first, last = Seam(min(lines[0].blanks, _MOST_BLANKS)), Seam(end=_end(lines[-1].text))
    return [first, *(_seam(before, after, width) for before, after in pairwise(lines)), last]


def _seam(before: Line, after: Line, width: int | None) -> Seam:
    return Seam(min(after.blanks, _MOST_BLANKS), _end(before.text), _fill(before.text, after.text, width))


def _end(text: str) -> str:
    tail = text[-_TAIL:]
    if _STOP.search(tail) or _ENDS_IN_ADDRESS.search(text[-_LONGEST_ADDRESS:]):
        return "stop"
    if tail[-1] in "?!？！…":
        return "call"
    return "open" if _OPEN.search(tail) else "plain"


def _fill(before: str, after: str, width: int | None) -> str:
    """Whether a line is full: where text is wrapped, a line goes on only if the next word did not fit any more."""
    if width is None:
        return "loose"
    if len(before) > width:
        return "over"
    return "full" if len(before) + _needed(after) > width else "short"


def _needed(text: str) -> int:
    """The columns that the first word and the space before it take."""
    return 1 + len(text.split(" ", 1)[0])


def _width(lines: Sequence[Line]) -> int | None:
    """The width that explains best where sentences are broken over two lines; None where none does."""
    changes = [0] * (_WIDEST + 2)
    broken = 0
    for before, after in pairwise(line.text for line in lines):
        if before[-1] in _SENTENCE_ENDS or not after[0].islower():
            continue
        broken += 1
        shortest = max(len(before), _NARROWEST)
        if shortest <= _WIDEST:
            changes[shortest] += 1
            changes[min(len(before) + _needed(after), _WIDEST + 1)] -= 1
    explained = list(accumulate(changes[: _WIDEST + 1]))
    most = max(explained)
    return explained.index(most) if most >= max(_LEAST_PAIRS, _LEAST_SHARE * broken) else None
