"""Whether a page is wrapped at some width: the best evidence there is for which lines belong together.

Where text is wrapped at W columns, a line goes on in the next one only if the first word there did not fit: a shorter
line is the last of its title or abstract, whatever it looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from notifier.sources.page_lines import Line

_NARROWEST, _WIDEST = 30, 240
_LEAST_PAIRS = 3
_LEAST_SHARE = 0.7
_SENTENCE_ENDS = ".!?。！？"


def fullness_before(lines: Sequence[Line]) -> list[str]:
    """For each line whether the one before it is "full", "short", or "" where that says nothing.

    A line is full where the next one's first word would not have fit into the width of the page.
    """
    width = _width(lines)
    if not lines or not width:
        return [""] * len(lines)
    return ["", *(_fullness(before.text, after.text, width) for before, after in pairwise(lines))]


def _fullness(before: str, after: str, width: int) -> str:
    if len(before) > width:
        return ""
    return "full" if len(before) + _needed(after) > width else "short"


def _needed(text: str) -> int:
    """The columns that the first word and the space before it take."""
    return 1 + len(text.split(" ", 1)[0])


def _width(lines: Sequence[Line]) -> int | None:
    """The width that explains best where sentences are broken over two lines; None where none does."""
    changes = [0] * (_WIDEST + 2)
    broken = 0
    for before, after in pairwise(lines):
        if before.text[-1] in _SENTENCE_ENDS or not after.text[0].islower():
            continue
        broken += 1
        shortest = max(len(before.text), _NARROWEST)
        if shortest <= _WIDEST:
            changes[shortest] += 1
            changes[min(len(before.text) + _needed(after.text), _WIDEST + 1)] -= 1
    explained = list(accumulate(changes[: _WIDEST + 1]))
    most = max(explained)
    if most < max(_LEAST_PAIRS, _LEAST_SHARE * broken):
        return None
    return explained.index(most)
