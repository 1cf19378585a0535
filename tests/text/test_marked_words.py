"""The words that a digest marks are found again in the text, even if the text has changed since."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from support.query_samples import SAMPLE_PAPERS, SAMPLE_QUERIES, SampleQuery, spelled

from notifier import queries
from notifier.matching import MarkedLeaves, PaperWords
from notifier.models import Paper, Span, merge_spans
from notifier.text.marked_words import MarkableText, words_at
from notifier.text.words import tokens


def places_of(marked: Iterable[str], text: str) -> tuple[Span, ...]:
    return MarkableText(text).places_of(marked)


@given(SAMPLE_QUERIES, SAMPLE_PAPERS, st.randoms())
def test_words_are_found_where_they_were_taken_from(query: SampleQuery, paper: Paper, rng: Random) -> None:
    spans = MarkedLeaves(queries.parse(spelled(query, rng))).spans(PaperWords(paper))
    for text, places in ((paper.title, spans.title), (paper.abstract, spans.abstract)):
        assert places_of(words_at(text, places), text) == places


texts = st.lists(
    st.sampled_from(["Bees", "bee", "C++", "C", "½", "1", "naïve", "李明", "it's", "-", "µ", "e.g."]), max_size=12
)


@given(texts.map(" ".join), st.data())
def test_all_occurrences_of_a_passage_are_found(text: str, data: st.DataObject) -> None:
    found = tokens(text)
    first = data.draw(st.integers(0, max(0, len(found) - 1)))
    passage = found[first : first + data.draw(st.integers(1, 3))]
    if passage:
        span = passage[0].start, passage[-1].end
        start, end = next(place for place in places_of(words_at(text, [span]), text) if place[1] > span[0])
        assert start <= span[0] and span[1] <= end


def test_words_are_marked_as_whole_words_in_another_text() -> None:
    marked = words_at("Per bees: Deep Learning", [(0, 3), (4, 8), (10, 23)])
    assert marked == ("per", "bees", "deep learning")
    text = "In this paper, BEES do deep-learning and deep sleep per day."
    assert [text[start:end] for start, end in places_of(marked, text)] == ["BEES", "deep-learning", "per"]


def test_words_that_no_longer_occur_mark_nothing() -> None:
    assert places_of(("bees",), "About pollinators") == ()
    assert places_of(("bees",), "") == ()
    assert places_of(("deep learning",), "We go deep") == ()


def test_the_places_of_overlapping_words_are_merged() -> None:
    found = places_of(("a b", "b c"), "a b c")
    assert found == merge_spans([(0, 3), (2, 5)]) == ((0, 5),)
