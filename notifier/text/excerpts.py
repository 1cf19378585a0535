"""Excerpts of a text: its beginning, and the text around the first mark beyond it, each split at its marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from notifier.models import Span
from notifier.text.harmless import grapheme_end

LENGTH = 320  # code points in the beginning of an abstract
SLACK = 40  # an abstract that is longer by no more than this is shown whole
WORD = 60  # this many code points before a cut are searched for the end of a word
BEFORE, AFTER = 80, 120  # code points shown before and after the start of a mark that is not in the beginning


class Run(NamedTuple):
    """A piece of text that is either marked as a whole or not marked at all."""

    text: str
    marked: bool


_LEFT_OUT_BEFORE, _LEFT_OUT = Run("… ", False), Run("…", False)


class Excerpt(NamedTuple):
    """The beginning of an abstract, and the text around the first mark if that is not in the beginning."""

    beginning: tuple[Run, ...]
    further: tuple[Run, ...] = ()


def excerpt(abstract: str, marks: Sequence[Span]) -> Excerpt:
    """Return what is shown of an abstract, with an ellipsis for each omission.

    A short abstract is shown whole. The beginning of a longer one ends after a word, if one ends nearby.
    """
    end = len(abstract) if len(abstract) <= LENGTH + SLACK else _cut(abstract, LENGTH)
    is_beyond = marks and marks[0][0] >= end
    return Excerpt(_piece(abstract, marks, 0, end), _around(abstract, marks, end) if is_beyond else ())


def runs(text: str, marks: Sequence[Span]) -> tuple[Run, ...]:
    """Split `text` into marked and unmarked pieces, in order."""
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
    """Return the spans to mark in `text`, in order.

    Spans outside of `text` are dropped, and no span ends within a letter. Spans that overlap, or have only one space or
    hyphen between them, are merged.
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
    """Return where to end a piece of about `at` code points: after a word, if one ends nearby."""
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", at - WORD, at + 1)
    if space <= 0:
        return grapheme_end(text, at)
    return len(text[:space].rstrip(" .,;:([-\N{EN DASH}\N{EM DASH}")) or space


def _around(text: str, marks: Sequence[Span], beginning: int) -> tuple[Run, ...]:
    """Return the first mark with the words around it that are not in the beginning."""
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
