"""Choose the sentences of an abstract to show, and split them into marked and unmarked pieces."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from typing import NamedTuple

from notifier.models import Span
from notifier.text.contribution import contribution
from notifier.text.harmless import grapheme_end
from notifier.text.sentences import sentences
from notifier.text.words import stem, words

# Lengths in code points, without ellipses.
LONGEST_WHOLE = 340  # an abstract of at most this length is shown whole
USUAL_LENGTH = 300  # sentences are added to the best ones only up to this
LONGEST_EXCERPT = 400  # a single sentence that is longer is cut
SHORT_EXCERPT = 120  # a shorter excerpt says little, so one more sentence may follow, up to LONGEST_EXCERPT
CUT_MARGIN = 60  # the end of a word is sought in at most this much text before a cut
BEFORE_MARK = 120  # if a long sentence is shown without its beginning, this much text before its first mark is shown


class Run(NamedTuple):
    """A piece of text that is either marked as a whole or not marked at all."""

    text: str
    marked: bool


_LEFT_OUT_BEFORE, _LEFT_OUT_BETWEEN, _CUT_OFF = Run("… ", False), Run(" … ", False), Run("…", False)


def excerpt(abstract: str, marks: Sequence[Span]) -> tuple[Run, ...]:
    """Return the sentences of an abstract that best tell whether the paper is worth opening.

    An ellipsis stands for what is left out before or between them, and for the rest of a sentence that is too long.
    `marks` are as `marked_spans` returns them.
    """
    if len(abstract) <= LONGEST_WHOLE:
        return runs(abstract, marks)
    spans = sentences(abstract)
    shown: list[Run] = []
    for start, end in _pieces(spans, _chosen(abstract, spans, marks)) if spans else ():
        first, last = _cut(abstract, marks, start, end)
        if first > spans[0][0]:
            shown.append(_LEFT_OUT_BETWEEN if shown else _LEFT_OUT_BEFORE)
        shown += _runs_within(abstract, marks, first, last)
        if last < end:
            shown.append(_CUT_OFF)
    return tuple(shown)


def marked_sentence(abstract: str, marks: Sequence[Span]) -> tuple[Run, ...]:
    """Return the sentence of an abstract that has the first mark, or the part of it around the mark if it is long."""
    spans = sentences(abstract)
    if not marks or not spans:
        return ()
    start, end = spans[max(0, bisect_right([start for start, _ in spans], marks[0][0]) - 1)]
    first, last = _cut(abstract, marks, start, end)
    before = (_LEFT_OUT_BEFORE,) if first > spans[0][0] else ()
    return (*before, *_runs_within(abstract, marks, first, last), *((_CUT_OFF,) if last < end else ()))


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


def _chosen(abstract: str, spans: Sequence[Span], marks: Sequence[Span]) -> list[int]:
    """Return the places of the sentences to show, in order.

    These are the contribution and the best marked sentence. If there is room, the other marked sentences are added, and
    then those that follow the contribution.
    """
    contribution_place = contribution([abstract[start:end] for start, end in spans]) or 0
    # A sentence before the contribution is about the work of others. One with a link says where to find the code.
    weak = {place for place, span in enumerate(spans) if place < contribution_place or abstract.find("://", *span) >= 0}
    counts = _marked_words(abstract, spans, marks)
    marked = sorted(counts, key=lambda place: (-counts[place], place in weak, place))
    chosen = _best(spans, contribution_place, marked, weak)
    for place in marked:
        if _length(spans, {*chosen, place}) <= USUAL_LENGTH:
            chosen.add(place)
    following = 1 + (contribution_place if contribution_place in chosen else min(chosen))
    while following < len(spans) and following not in weak:
        room = LONGEST_EXCERPT if _length(spans, chosen) < SHORT_EXCERPT else USUAL_LENGTH
        if _length(spans, {*chosen, following}) > room:
            break
        chosen.add(following)
        following += 1
    return sorted(chosen)


def _best(spans: Sequence[Span], contribution_place: int, marked: Sequence[int], weak: Container[int]) -> set[int]:
    """Return the places of the contribution and the best marked sentence.

    If no marked sentence fits beside the contribution, the best one takes its place, unless it is weak.
    """
    for place in marked:
        if _length(spans, {contribution_place, place}) <= LONGEST_EXCERPT:
            return {contribution_place, place}
    return {contribution_place if not marked or marked[0] in weak else marked[0]}


def _length(spans: Sequence[Span], places: Collection[int]) -> int:
    """Return the length of these sentences together, with a space between them."""
    return sum(spans[place][1] - spans[place][0] + 1 for place in places) - 1


def _marked_words(text: str, spans: Sequence[Span], marks: Iterable[Span]) -> dict[int, int]:
    """Return the number of different words that are marked in each sentence, by the place of the sentence."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    starts = [start for start, _ in spans]
    for start, end in marks:
        place = max(0, bisect_right(starts, start) - 1)
        found[place].update(map(stem, words(text[start:end])))
    return {place: len(stems) for place, stems in found.items()}


def _pieces(spans: Sequence[Span], places: Iterable[int]) -> list[Span]:
    """Return the spans of the sentences at these places; consecutive sentences are one piece."""
    pieces: list[Span] = []
    last = -1
    for place in places:
        start, end = spans[place]
        if pieces and place == last + 1:
            start, _ = pieces.pop()
        pieces.append((start, end))
        last = place
    return pieces


def _cut(text: str, marks: Iterable[Span], start: int, end: int) -> Span:
    """Return the part of a sentence to show: all of it or, if it is too long, a part that has its first mark."""
    if end - start <= LONGEST_EXCERPT:
        return start, end
    left, right = next((mark for mark in marks if start <= mark[0] < end), (start, start))
    if right > start + LONGEST_EXCERPT - CUT_MARGIN and left > start + BEFORE_MARK:
        start = text.find(" ", left - BEFORE_MARK, left) + 1 or grapheme_end(text, left - BEFORE_MARK)
    return start, _cut_end(text, start + LONGEST_EXCERPT, end)


def _cut_end(text: str, at: int, end: int) -> int:
    """Return where to cut a sentence at about `at`: after a word, if one ends nearby."""
    if at >= end:
        return end
    space = text.rfind(" ", at - CUT_MARGIN, at + 1)
    if space <= 0:
        return min(end, grapheme_end(text, at))
    return len(text[:space].rstrip(" .,;:([-\N{EN DASH}\N{EM DASH}")) or space


def _runs_within(text: str, marks: Sequence[Span], start: int, end: int) -> tuple[Run, ...]:
    """Return the runs of a part of a text."""
    within = [
        (max(left, start) - start, min(right, end) - start) for left, right in marks if left < end and right > start
    ]
    return runs(text[start:end], within)
