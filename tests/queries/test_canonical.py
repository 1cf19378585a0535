"""The canonical form of queries, tested with random queries and with examples."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.query_samples import ANY_TEXT, SAMPLE_QUERIES, SampleQuery, spelled
from support.thoroughness import examples

from notifier.errors import QueryError
from notifier.queries import Query, canonical, leaves, parse, parse_comma_list

LETTERS = st.text(st.characters(categories=["L", "N", "M"]), max_size=8)
ENGLISH = st.text("aeiousydlnrtgmz", max_size=8)
ENDINGS = st.sampled_from(
    ["", "s", "es", "ed", "ing", "ness", "ation", "ational", "ise", "ism", "ous", "ative", "fully"]
)


@settings(deadline=None, max_examples=examples(1000))
@given(ANY_TEXT)
@pytest.mark.parametrize("parser", [parse, parse_comma_list])
def test_any_text_is_refused_with_a_column_or_has_a_stable_canonical_form(
    parser: Callable[[str], Query], text: str
) -> None:
    try:
        query = parser(text)
    except QueryError as refused:
        assert 1 <= refused.column <= len(text) + 1
    else:
        assert_canonical_form_is_stable(query)


@settings(deadline=None, max_examples=examples(500))
@given(
    LETTERS | ENGLISH, ENDINGS, ENDINGS, st.sampled_from(["x{}", "title:x{}", '"x{}"', "xyz{}*", "au:x{}", "-x{} a"])
)
def test_any_word_has_a_stable_canonical_form(letters: str, ending: str, second_ending: str, shape: str) -> None:
    try:
        query = parse(shape.format(letters + ending + second_ending))
    except QueryError as refused:
        assert "* can end only a single word" in refused.reason
    else:
        assert_canonical_form_is_stable(query)


@settings(deadline=None, max_examples=examples(300))
@given(SAMPLE_QUERIES, st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_case_inflection_spelling_order_and_repetition_do_not_change_the_canonical_form(
    sample: SampleQuery, one: Random, other: Random
) -> None:
    first, second = parse(spelled(sample, one)), parse(spelled(sample, other))
    assert canonical(first) == canonical(second)
    assert first == second
    assert_canonical_form_is_stable(first)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("model", '"model"'),
        ("model", "title:model"),
        ("model", "mod*"),
        ("a b", "a OR b"),
        ("a b", '"a b"'),
        ('"a b"', '"b a"'),
        ("a b -c", "a -(b c)"),
        ("a (b OR c)", "a b OR c"),
        ("upvotes:>50", "upvotes:>=50"),
        ("after:2026-01-31", "before:2026-01-31"),
        ("cat:cs", "cat:cs.LG"),
        ("topic:llm", "source:llm"),
    ],
)
def test_queries_that_match_different_papers_have_different_canonical_forms(one: str, other: str) -> None:
    assert canonical(parse(one)) != canonical(parse(other))


def test_the_canonical_form_does_not_depend_on_how_operands_are_grouped() -> None:
    joined = parse_comma_list("b a, LLMs | (c, d)")
    assert canonical(joined) == canonical(parse("(a b) OR (llm OR (d c))"))


def assert_canonical_form_is_stable(query: Query) -> None:
    """Assert that the canonical form is a query with an equal tree, and is its own canonical form."""
    text = canonical(query)
    assert parse(text) == query
    assert canonical(parse(text)) == text
    assert set(leaves(parse(text))) == set(leaves(query))
