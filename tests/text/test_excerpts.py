"""What a digest shows of a title and an abstract."""

import unicodedata
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.models import Span
from notifier.text import excerpts
from notifier.text.excerpts import LENGTH, SLACK, Excerpt, Run, marked_spans

SENTENCE = "Large models are slow and we make them fast by doing less of what does not matter. "
LONG = SENTENCE * 12

spans = st.lists(st.tuples(st.integers(-5, 700), st.integers(-5, 700)), max_size=6)


def runs(text: str, some: Sequence[Span]) -> tuple[Run, ...]:
    return excerpts.runs(text, marked_spans(text, some))


def excerpt(abstract: str, some: Sequence[Span]) -> Excerpt:
    return excerpts.excerpt(abstract, marked_spans(abstract, some))


def joined(pieces: tuple[Run, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def marked(pieces: tuple[Run, ...]) -> list[str]:
    return [piece.text for piece in pieces if piece.marked]


def test_marked_and_unmarked_runs_alternate() -> None:
    assert runs("fast and slow", [(0, 4), (9, 13)]) == (Run("fast", True), Run(" and ", False), Run("slow", True))


def test_marks_with_only_a_space_or_hyphen_between_them_are_joined() -> None:
    assert marked(runs("a large language model", [(2, 7), (8, 16), (17, 22)])) == ["large language model"]
    assert marked(runs("low-bit", [(0, 3), (4, 7)])) == ["low-bit"]


def test_spans_outside_of_the_text_are_dropped() -> None:
    assert runs("short", [(-1, 2), (3, 9), (2, 2), (4, 1), (0, 5)]) == (Run("short", True),)


def test_a_mark_includes_the_accents_that_follow_its_last_letter() -> None:
    decomposed = unicodedata.normalize("NFD", "José wrote")
    assert marked(runs(decomposed, [(0, 4)])) == [unicodedata.normalize("NFD", "José")]


@settings(deadline=None)
@given(st.text(), spans)
def test_joined_runs_are_the_whole_text_for_any_spans(text: str, some: list[tuple[int, int]]) -> None:
    assert joined(runs(text, some)) == text
    assert all(piece.text for piece in runs(text, some))


def test_a_short_abstract_is_shown_whole() -> None:
    shown = excerpt("Short and good.", [(0, 5)])
    assert shown.beginning == (Run("Short", True), Run(" and good.", False))
    assert shown.further == ()


def test_an_abstract_a_little_longer_than_the_excerpt_is_shown_whole_too() -> None:
    abstract = "x" * LENGTH + " " + "y" * (SLACK - 1)
    assert joined(excerpt(abstract, []).beginning) == abstract


def test_a_long_abstract_is_cut_after_a_word_with_an_ellipsis() -> None:
    shown = joined(excerpt(LONG, []).beginning)
    assert shown.endswith("…")
    kept = shown.removesuffix("…")
    assert LONG.startswith(kept) and not LONG[len(kept)].isalnum()
    assert LENGTH - 60 <= len(kept) <= LENGTH


def test_a_text_without_spaces_is_cut_between_letters() -> None:
    chinese = "大型语言模型" * 100
    assert joined(excerpt(chinese, []).beginning) == chinese[:LENGTH] + "…"


def test_a_cut_never_separates_a_letter_from_its_accent() -> None:
    accented = "e\u0301" * LENGTH
    kept = joined(excerpt(accented, []).beginning).removesuffix("…")
    assert len(kept) % 2 == 0


def test_the_first_mark_beyond_the_beginning_is_shown_with_the_words_around_it() -> None:
    abstract = LONG + "Only here stands quantization, at last, with words that follow it. " + LONG
    start = abstract.index("quantization")
    shown = excerpt(abstract, [(start, start + 12)])
    assert marked(shown.beginning) == []
    assert marked(shown.further) == ["quantization"]
    further = joined(shown.further)
    assert further.startswith("… ") and further.endswith("…")
    assert "stands quantization, at last" in further
    assert further.removeprefix("… ").removesuffix("…") in abstract


def test_a_mark_within_the_beginning_needs_no_further_piece() -> None:
    later = LONG.index("slow", 500)
    assert excerpt(LONG, [(6, 12), (later, later + 4)]).further == ()


def test_a_mark_at_the_very_end_is_shown_without_an_ellipsis_after_it() -> None:
    abstract = LONG + "quantization"
    assert joined(excerpt(abstract, [(len(LONG), len(abstract))]).further).endswith(" quantization")


@settings(deadline=None)
@given(st.text(alphabet="ab e\u0301.大", max_size=700), spans)
def test_an_excerpt_is_part_of_the_abstract_and_shows_a_mark_if_there_is_one(
    abstract: str, some: list[tuple[int, int]]
) -> None:
    shown = excerpt(abstract, some)
    assert abstract.startswith(joined(shown.beginning).removesuffix("…"))
    assert joined(shown.further).removeprefix("… ").removesuffix("…") in abstract
    if marked(runs(abstract, some)):
        assert marked(shown.beginning) or marked(shown.further)
