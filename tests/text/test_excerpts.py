"""What a digest shows of a title and an abstract."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.models import Span
from notifier.text import excerpts
from notifier.text.excerpts import LONGEST_EXCERPT, LONGEST_WHOLE, USUAL_LENGTH, Run, marked_spans
from notifier.text.sentences import sentences

OPENING = "Large language models have achieved remarkable success in a wide range of natural language tasks."
PROBLEM = "However, they are slow, and the memory that their weights need grows with every new generation."
PROPOSAL = "To address this, we propose Sloth, a method that stores the weights of a model in four bits."
DETAIL = "Sloth rounds each block of weights to a shared grid."
RESULT = "On nine benchmarks, it is three times faster than the best of the earlier methods, at the same accuracy."
LINK = "Our code is available at https://example.org/sloth and will be maintained for several years from now on."
ABSTRACT = " ".join((OPENING, PROBLEM, PROPOSAL, DETAIL, RESULT, LINK))

spans = st.lists(st.tuples(st.integers(-5, 1500), st.integers(-5, 1500)), max_size=6)
# The numbers make each part of a text different from all others.
texts = st.lists(
    st.sampled_from(["We propose", "The", "e.g.", "of", "works.", "et al.", "e\u0301", "大。", "a" * 30, "No?"]),
    min_size=1,
    max_size=150,
).map(lambda words: " ".join(f"{word} {number}" for number, word in enumerate(words)))


def runs(text: str, some: Sequence[Span]) -> tuple[Run, ...]:
    return excerpts.runs(text, marked_spans(text, some))


def excerpt(abstract: str, *words: str) -> tuple[Run, ...]:
    """Return the excerpt of an abstract in which all occurrences of these words are marked."""
    found = [match.span() for word in words for match in re.finditer(word, abstract)]
    return excerpts.excerpt(abstract, marked_spans(abstract, found))


def longer(sentence: str) -> str:
    """Return the sentence with more words at its end; there is no room for two such sentences."""
    return (
        sentence.removesuffix(".") + ", and the rest of this sentence says nothing, but makes it" + " longer" * 10 + "."
    )


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
    assert excerpt("Short and good.", "Short") == (Run("Short", True), Run(" and good.", False))
    assert joined(excerpt("x" * LONGEST_WHOLE)) == "x" * LONGEST_WHOLE
    assert excerpt("") == ()


def test_without_marks_the_contribution_is_shown_with_what_follows_it_and_an_ellipsis_before_it() -> None:
    assert excerpt(ABSTRACT) == (Run("… ", False), Run(f"{PROPOSAL} {DETAIL} {RESULT}", False))


def test_without_marks_and_contribution_the_first_sentences_are_shown() -> None:
    abstract = " ".join((OPENING, PROBLEM, RESULT, OPENING))
    assert joined(excerpt(abstract)) == f"{OPENING} {PROBLEM} {RESULT}"[: USUAL_LENGTH + 1]


def test_marked_sentences_are_shown_beside_the_contribution_in_the_order_of_the_abstract() -> None:
    shown = excerpt(ABSTRACT, "memory")
    assert joined(shown) == f"… {PROBLEM} {PROPOSAL} {DETAIL}"
    assert marked(shown) == ["memory"]
    shown = excerpt(ABSTRACT, "nine")
    assert joined(shown) == f"… {PROPOSAL} {DETAIL} {RESULT}"


def test_an_ellipsis_stands_between_sentences_that_do_not_follow_each_other() -> None:
    shown = excerpt(ABSTRACT, "success")
    assert joined(shown) == f"{OPENING} … {PROPOSAL} {DETAIL}"
    assert Run(" … ", False) in shown


def test_the_sentence_with_the_most_marked_words_is_preferred() -> None:
    long = RESULT.removesuffix(".") + ", and " + RESULT
    abstract = " ".join((OPENING, PROPOSAL, long, PROBLEM))
    assert joined(excerpt(abstract, "benchmarks", "memory", "weights")) == f"… {PROPOSAL} … {PROBLEM}"
    # Both are words of the contribution, so it needs no other sentence.
    assert joined(excerpt(abstract, "Sloth", "bits", "benchmarks")).startswith(f"… {PROPOSAL}")


def test_inflections_of_a_word_count_once() -> None:
    abstract = " ".join(
        (PROPOSAL, "A method and its methods. " + OPENING * 4, "It is an earlier method than RESULT. " * 4)
    )
    assert joined(excerpt(abstract, "methods?")).startswith(PROPOSAL)


def test_a_general_opening_does_not_take_the_place_of_the_contribution() -> None:
    shown = excerpt(" ".join((longer(OPENING), longer(PROPOSAL), DETAIL, LINK)), "success")
    assert joined(shown) == f"… {longer(PROPOSAL)} {DETAIL}"
    assert marked(shown) == []


def test_a_marked_sentence_after_the_contribution_takes_its_place_if_there_is_no_room_for_both() -> None:
    shown = excerpt(" ".join((OPENING, longer(PROPOSAL), longer(RESULT), DETAIL)), "benchmarks")
    assert joined(shown) == f"… {longer(RESULT)} {DETAIL}"


def test_a_sentence_with_a_link_is_shown_only_if_nothing_else_is_marked() -> None:
    assert LINK not in joined(excerpt(" ".join((PROPOSAL, LINK, OPENING, PROBLEM))))
    assert LINK in joined(excerpt(" ".join((PROPOSAL, OPENING, PROBLEM, LINK)), "code"))


def test_a_very_long_sentence_is_cut_after_a_word_with_an_ellipsis() -> None:
    abstract = "We propose " + "one thing and another " * 40 + "at last."
    shown = joined(excerpt(abstract))
    kept = shown.removesuffix("…")
    assert kept != shown and abstract.startswith(kept) and abstract[len(kept)] == " "
    assert LONGEST_EXCERPT - 60 <= len(kept) <= LONGEST_EXCERPT


def test_the_first_mark_of_a_very_long_sentence_is_shown_with_the_words_around_it() -> None:
    abstract = "We propose " + "one thing and another " * 40 + "with quantization at last, " + "and so on " * 60
    shown = excerpt(abstract, "quantization")
    assert marked(shown) == ["quantization"]
    text = joined(shown)
    assert text.startswith("… ") and text.endswith("…")
    assert "another with quantization at last, and so on" in text
    assert text.removeprefix("… ").removesuffix("…") in abstract


def test_a_text_without_spaces_is_cut_between_letters() -> None:
    chinese = "大型语言模型" * 100
    assert joined(excerpt(chinese)) == chinese[:LONGEST_EXCERPT] + "…"


def test_a_cut_never_separates_a_letter_from_its_accent() -> None:
    accented = "e\u0301" * LONGEST_EXCERPT
    kept = joined(excerpt(accented)).removesuffix("…")
    assert len(kept) % 2 == 0


@settings(deadline=None)
@given(texts, spans)
def test_an_excerpt_is_made_of_whole_sentences_in_order_with_their_marks(text: str, some: list[Span]) -> None:
    marks = marked_spans(text, some)
    shown = excerpts.excerpt(text, marks)
    starts, ends = zip(*sentences(text), strict=True)
    at = 0
    for piece in pieces(shown):
        start = text.index(joined(piece), at)
        at = start
        for run in piece:
            places = range(at, at + len(run.text))
            assert {any(left <= place < right for left, right in marks) for place in places} == {run.marked}
            at += len(run.text)
        is_whole = start in starts and at in ends
        assert is_whole or max(end - begin for begin, end in sentences(text)) > LONGEST_EXCERPT
    assert sum(len(joined(piece)) for piece in pieces(shown)) <= LONGEST_EXCERPT


def pieces(shown: tuple[Run, ...]) -> list[tuple[Run, ...]]:
    """Return the runs of each piece of an abstract that is shown, without the ellipses between them."""
    groups = groupby(shown, lambda run: run.text.strip() == "…")
    return [tuple(piece) for is_ellipsis, piece in groups if not is_ellipsis]


def test_a_sentence_that_says_how_a_gap_is_closed_comes_before_one_that_gives_a_reason_for_it() -> None:
    opening = "Segmentation of microscopic images is hard for models that were trained on photographs of the street. "
    reason = (
        "We attribute this in part to decoders, which lack the bias that masks of high precision need in practice. "
    )
    work = "We close this gap by introducing a network that is conditioned on the representations of the model. "
    others = "The decoders of other networks are large, and they need images with labels of experts to be trained. "
    assert joined(excerpt(opening + reason + work + others)).startswith("… " + work.strip())


def test_a_short_contribution_is_followed_by_the_next_sentence_even_if_that_is_long() -> None:
    opening = "Caches of keys and values take more memory than the weights of a model when a context is long. "
    work = "We propose Capsule, a compression framework."
    detail = (
        f" It keeps the model as it is, {'and every layer of it and all of its heads, ' * 6}and needs no training. "
    )
    shown = joined(excerpt(opening + work + detail + "It is fast. " * 9))
    assert shown.startswith(f"… {work}{detail.rstrip()}") and USUAL_LENGTH < len(work + detail) < LONGEST_EXCERPT
