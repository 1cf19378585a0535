"""Queries find each spelling of a word, and mark it where it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reference_evaluator import is_true
from support.thoroughness import examples

from notifier import queries
from notifier.errors import QueryError
from notifier.matching import index, spans
from notifier.models import Paper
from notifier.text.marked_words import MarkableText, words_at

PAPER = Paper(1, "key", "", "", 1, datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1))


def paper(text: str) -> Paper:
    return replace(PAPER, abstract=text)


def matches(query: str, text: str) -> bool:
    return bool(index([paper(text)]).match(queries.parse(query)))


SPELLINGS = [
    ("fine-tuning", "finetuning", "fine tuning"),
    ("pre-training", "pretraining", "pre training"),
    ("multi-modal", "multimodal", "multi modal"),
    ("zero-shot", "zeroshot", "zero shot"),
    ("super-resolution", "superresolution", "super resolution"),
    ("α", "alpha"),
    ("λ-calculus", '"lambda calculus"'),
    ("β1", "beta1"),
]


@pytest.mark.parametrize("spellings", SPELLINGS)
def test_all_spellings_find_each_other(spellings: tuple[str, ...]) -> None:
    for query in spellings:
        for text in spellings:
            assert matches(query, f"We study {text} here."), (query, text)
            assert matches(f"title:unseen OR abs:({query})", f"We study {text} here."), (query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("non-linear", "a nonlinear map"),
        ("nonlinear", "non-linear maps"),
        ("dataset", "two data sets"),
        ("data-set", "a dataset"),
        ('"fine-tuning of LLMs"', "finetuning of LLMs"),
        ('"finetuning of LLMs"', "fine tuning of LLMs"),
        ("finetun*", "they fine-tuned it"),
        ("fine-tun*", "they finetuned it"),
        ("fine-tuned", "finetuning"),
        ("training", "pretraining"),
        ('"training data"', "pre-training data"),
        ("quantization", "post-training quanti- zation"),
        ("quantized", "the quanti- zation"),
        ("keyword:fine-tuning", "x"),
    ],
)
def test_a_query_finds_another_spelling(query: str, text: str) -> None:
    found = index([replace(paper(text), keywords=("finetuning",))])
    assert found.match(queries.parse(query))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("linear", "a nonlinear map"),
        ("flow", "a workflow"),
        ("fine-tuning", "fine models need tuning"),
        ("alpha", "AlphaFold and η γλώσσα"),
        ("preand", "pre and post"),
    ],
)
def test_a_query_does_not_find_another_word(query: str, text: str) -> None:
    assert not matches(query, text)


def test_words_of_greek_texts_are_found_as_before() -> None:
    text = "Η ελληνική γλώσσα και ο λόγος της"
    for query in ("γλώσσα", "η γλώσσα", "ΕΛΛΗΝΙΚΗ", '"ο λόγος"', "ελλην*", '"η ελληνικη γλωσσα"'):
        assert matches(query, text), query


def test_an_initial_of_a_greek_name_is_an_initial() -> None:
    greek = index([replace(PAPER, authors=("Αλέξανδρος Παπαδόπουλος",))])
    assert greek.match(queries.parse('author:"Α Παπαδόπουλος"'))
    assert not greek.match(queries.parse("author:alpha"))


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("finetuning", "On fine-tuning it", ["fine-tuning"]),
        ("fine tuning", "On finetuning it", ["finetuning"]),
        ('"fine-tuning it"', "On finetuning it", ["finetuning it"]),
        ("alpha", "The α-divergence", ["α"]),
        ("quantization", "By quanti- zation, we", ["quanti- zation"]),
        ("tuning", "A finetuning of it", ["finetuning"]),
    ],
)
def test_the_passage_that_matched_is_marked_also_when_it_is_found_again(
    query: str, text: str, marked: list[str]
) -> None:
    found = spans(queries.parse(query), paper(text)).abstract
    assert [text[start:end] for start, end in found] == marked
    assert MarkableText(text).places_of(words_at(text, found)) == found


def test_words_that_an_older_version_marked_are_found() -> None:
    text = "Finetuning with the α-divergence"
    places = MarkableText(text).places_of(("finetuning", "α divergence"))
    assert [text[start:end] for start, end in places] == ["Finetuning", "α-divergence"]


PIECES = [
    *("fine", "-", " ", " ", "tuning", "tuned", "finetuning", "pre", "training", "quanti- zation", "non", "linear"),
    *("nonlinear", "α", "alpha", "η", "γλώσσα", "multi", "multimodal", "modal", '"', "*", "."),
]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


@settings(deadline=None, max_examples=examples(500))
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_the_engine_agrees_with_the_definition(text: str, texts: list[str]) -> None:
    try:
        query = queries.parse(text)
    except QueryError:
        return
    papers = [paper(each) for each in texts]
    expected = [place for place, each in enumerate(papers) if is_true(query, each)]
    assert index(papers).match(query) == expected
    assert queries.parse(queries.canonical(query)) == query
