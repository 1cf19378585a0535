"""What is shown of a text: its beginning, what stands around a mark further on, and the marked words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from notifier.models import Span
from notifier.text.harmless import grapheme_end

LENGTH = 320  # code points of an abstract's beginning
SLACK = 40  # an abstract that is longer by no more than this is shown whole
WORD = 60  # how far back a cut looks for the end of a word
BEFORE, AFTER = 80, 120  # code points around a mark beyond the beginning


class Run(NamedTuple):
    """A piece of text that is marked throughout or not at all."""

    text: str
    marked: bool


_LEFT_OUT_BEFORE, _LEFT_OUT = Run("… ", False), Run("…", False)


class Excerpt(NamedTuple):
    """An abstract's beginning, and a further piece where the first mark stands beyond it."""

    beginning: tuple[Run, ...]
    further: tuple[Run, ...] = ()


def beginning_of(abstract: str) -> int:
    """How long the beginning of an abstract is: all of it, if it is short, else up to the end of a word."""
    return len(abstract) if len(abstract) <= LENGTH + SLACK else _cut(abstract, LENGTH)


def excerpt(abstract: str, marks: Sequence[Span], beginning: int) -> Excerpt:
    """What a digest shows of an abstract with a beginning of that length, an ellipsis standing for what is left out."""
    beyond = marks and marks[0][0] >= beginning
    return Excerpt(_piece(abstract, marks, 0, beginning), _around(abstract, marks, beginning) if beyond else ())


def runs(text: str, marks: Sequence[Span]) -> tuple[Run, ...]:
    """`text` in pieces, marked and not; together they are the text."""
    if not marks:
        return (Run(text, False),) if text else ()
    pieces = []
    done = 0
    for start, end in marks:
        if start > done:
            pieces.append(Run(text[done:start], False))
        pieces.append(Run(text[start:end], True))
        done = end
    if done < len(text):
        pieces.append(Run(text[done:], False))
    return tuple(pieces)


def marked_spans(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """`spans` as they are shown: in order, those outside of `text` dropped, whole letters, neighbours made one.

    Neighbours overlap, or have nothing but one space or hyphen between them.
    """
    shown: list[Span] = []
    for start, last in sorted(spans):
        if not 0 <= start < last <= len(text):
            continue
        end = grapheme_end(text, last)
        if shown and text[shown[-1][1] : start] in ("", " ", "-"):
            shown[-1] = (shown[-1][0], max(end, shown[-1][1]))
        else:
            shown.append((start, end))
    return tuple(shown)


def _cut(text: str, at: int) -> int:
    """Where to end a piece of about `at` code points: after a word, where one ends nearby."""
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", at - WORD, at + 1)
    if space <= 0:
        return grapheme_end(text, at)
    return len(text[:space].rstrip(" .,;:([-\N{EN DASH}\N{EM DASH}")) or space


def _around(text: str, marks: Sequence[Span], beginning: int) -> tuple[Run, ...]:
    """The first mark with the words before and after it, from where the beginning ended."""
    first, last = marks[0]
    start = max(beginning, first - BEFORE)
    start = text.find(" ", start, first) + 1 or grapheme_end(text, start)
    return _piece(text, marks, start, max(last, _cut(text, first + AFTER)))


def _piece(text: str, marks: Sequence[Span], start: int, end: int) -> tuple[Run, ...]:
    within = [
        (max(left, start) - start, min(right, end) - start) for left, right in marks if left < end and right > start
    ]
    piece = runs(text[start:end], within)
    if start > 0:
        piece = (_LEFT_OUT_BEFORE, *piece)
    return (*piece, _LEFT_OUT) if end < len(text) else piece
