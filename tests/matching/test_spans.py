"""The words of a paper that are marked to show why it matched."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from notifier.matching import MarkedLeaves, PaperWords, spans
from notifier.models import Paper, Span
from notifier.queries import parse


def paper(title: str, abstract: str = "") -> Paper:
    return Paper(
        1, "key", title, abstract, 1, datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), authors=("Ann Model",)
    )


def texts_of(text: str, found: tuple[Span, ...]) -> list[str]:
    return [text[start:end] for start, end in found]


@pytest.mark.parametrize(
    ("query", "title", "marked"),
    [
        ("model", "Models of a model", ["Models", "model"]),
        ("quant*", "Quantum, quantized!", ["Quantum", "quantized"]),
        ('"language models"', "Language-models and language (models)", ["Language-models", "language (models"]),
        ("GPT-4o", "On GPT-4o’s", ["GPT-4o"]),
        ("law", "Moore’s laws’", ["laws"]),
        ("c++", "C++, C", ["C++"]),
        ("cafe", "Le café, le cafe\u0301.", ["café", "cafe\u0301"]),
        ("fine", "ﬁne-tuning", ["ﬁne"]),
        ("strasse", "𝔸 Straße", ["Straße"]),
        ("度", "深度学习", ["度"]),
        ("2", "½ ×", ["½"]),
        ("a b", "a c b", ["a", "b"]),
        ('"a a"', "a a a", ["a a a"]),
        ('"a b" OR "b c" OR c', "a b c", ["a b c"]),
        ('"a b c" OR b', "a b c", ["a b c"]),
        ("深 度", "深度", ["深", "度"]),
        ("model OR (tree forest)", "A tree and a model", ["tree", "model"]),
        ("model -tree", "A model of a tree", ["model"]),
        ("model -(a -tree)", "A model of a tree", ["model"]),
        ("abs:model tree", "A model of a tree", ["tree"]),
        ("au:model", "A model", []),
        ("keyword:model OR topic:model OR model*", "Modeller of a Model", ["Modeller", "Model"]),
        ("upvotes:<5 after:2026-01-01", "5 2026", []),
        ("model", "", []),
    ],
)
def test_the_words_that_make_leaves_true_are_marked(query: str, title: str, marked: list[str]) -> None:
    found = spans(parse(query), paper(title))
    assert texts_of(title, found.title) == marked
    assert found.abstract == ()


def test_title_and_abstract_are_marked_separately() -> None:
    sample = paper("Vision models", "A language; models of vision.")
    found = spans(parse('title:vision "models" abs:language'), sample)
    assert texts_of(sample.title, found.title) == ["Vision", "models"]
    assert texts_of(sample.abstract, found.abstract) == ["language", "models"]


def test_a_phrase_does_not_run_from_the_title_into_the_abstract() -> None:
    found = spans(parse('"a b" OR c'), paper("c a", "b c"))
    assert (found.title, found.abstract) == (((0, 1),), ((2, 3),))


@pytest.mark.parametrize(
    ("query", "terms", "marked"),
    [
        ("video OR film", ["video"], ["Videos", "video", "videos"]),
        ('"video generation"', ["videos"], ["video"]),
        ('"fast video generation"', ["video generation"], ["video generation"]),
        ("vid*", ["video"], ["Videos", "video", "videos"]),
        ("film OR generation", ["video", "generation of films"], []),
        ("generation -video", ["video", "generation"], ["generation", "generated"]),
        ("video", [], []),
        ("video", ["?"], []),
    ],
)
def test_only_the_terms_that_the_query_searches_for_are_marked(query: str, terms: list[str], marked: list[str]) -> None:
    title = "Videos: fast video generation, generated videos"
    found = MarkedLeaves(parse(query), terms).spans(PaperWords(paper(title)))
    assert texts_of(title, found.title) == marked


def test_a_term_is_marked_only_in_the_fields_in_which_the_query_searches_for_it() -> None:
    sample = paper("Video models", "Models of video.")
    found = MarkedLeaves(parse("title:video OR models"), ["video"]).spans(PaperWords(sample))
    assert texts_of(sample.title, found.title) == ["Video"]
    assert found.abstract == ()
