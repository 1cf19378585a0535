"""The papers that each kind of leaf matches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from notifier.matching import index
from notifier.models import Paper
from notifier.queries import parse

PAPER = Paper(
    id=7,
    key="2601.00007",
    title="GPT-4o and the Naïve C++ Models",
    abstract="We organise large language models. Diffusion of GPUs’ heat; quantized vision-language tasks, 深度学习.",
    sequence=1,
    first_seen=datetime(2026, 2, 3, tzinfo=UTC),
    listed_on=date(2026, 1, 31),
    upvotes=50,
    source="arxiv",
    authors=("Jane Q. Smith", "Laurens van der Maaten", "Tim O'Reilly", "Shi Song", "王小明"),
    categories=("cs.LG", "math-ph", "Computer Vision"),
    keywords=("Graph Neural Networks", "quantum computing"),
    topics=frozenset({"language-models"}),
)


def assert_true(query: str, paper: Paper = PAPER) -> None:
    assert index([paper]).match(parse(query)) == [0]


def assert_false(query: str, paper: Paper = PAPER) -> None:
    assert index([paper]).match(parse(query)) == []


@pytest.mark.parametrize(
    "query",
    [
        "model",
        "modelling",
        "Organisations",
        "gpu",
        "naive",
        "C++",
        "4o",
        "quant*",
        "naï*",
        "c++*",
        "深",
        "language models",
    ],
)
def test_words_and_prefixes_match_in_title_or_abstract(query: str) -> None:
    assert_true(query)


@pytest.mark.parametrize("query", ["c", "quant", "languages*", "uantized*", "graph", "smith", "cs", "习学"])
def test_other_words_and_prefixes_do_not_match(query: str) -> None:
    assert_false(query)


@pytest.mark.parametrize(
    "query",
    [
        '"large language models"',
        "GPT-4o",
        "gpt/4O",
        "vision-language",
        '"language tasks"',
        "深度",
        '"naive c++"',
        '"models"',
        '"gpus heat"',
    ],
)
def test_phrases_match_exact_words_in_sequence(query: str) -> None:
    assert_true(query)


@pytest.mark.parametrize(
    "query",
    ['"language model"', '"models large"', '"c++ models we"', '"organised"', "度深", '"large models"', '"4o gpt"'],
)
def test_phrases_do_not_match_inflections_or_another_order_or_across_two_fields(query: str) -> None:
    assert_false(query)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("title:models", "title:diffusion"),
        ("abs:diffusion", "abs:gpt*"),
        ("title:gpt*", "title:quant*"),
        ("title:(gpt models)", "title:(gpt diffusion)"),
        ("title:gpt abs:diffusion", "abs:gpt title:diffusion"),
        ("keyword:network", "keyword:diffusion"),
        ('keyword:"graph neural"', 'keyword:"networks quantum"'),
        ("keyword:quant*", "keyword:lang*"),
        ("source:arXiv", "source:arx"),
        ("topic:language-models", "topic:language"),
        ("category:cs.lg", "category:cs.l"),
        ("category:CS", "category:c"),
        ("category:cs.*", "category:math"),
        ("category:math-ph", "category:math-p"),
        ('category:"computer  vision"', "category:computer"),
    ],
)
def test_a_leaf_with_a_field_matches_only_in_this_field(true: str, false: str) -> None:
    assert_true(true)
    assert_false(false)


@pytest.mark.parametrize(
    "query",
    [
        "au:smith",
        'au:"J Smith"',
        'au:"Smith, Jane"',
        'au:"j q smith"',
        'au:"van der Maaten"',
        "au:O’Reilly",
        "au:maat*",
        'au:"S Shi"',
        "au:小",
    ],
)
def test_an_author_is_found_by_words_and_initials_of_the_name(query: str) -> None:
    assert_true(query)


@pytest.mark.parametrize(
    "query",
    [
        'au:"Jane Maaten"',
        "au:smi",
        'au:"K Smith"',
        'au:"Smith Smith"',
        'au:"S Smith"',
        'au:"Jane J Smith"',
        "au:smiths",
    ],
)
def test_each_word_must_match_a_different_word_of_the_same_authors_name(query: str) -> None:
    assert_false(query)


def test_names_in_parentheses_may_match_several_authors() -> None:
    assert_true("au:(Jane Maaten)")


@pytest.mark.parametrize(
    ("upvotes", "true", "false"),
    [
        (50, [">=50", "<=50", "=50", ">49", "<51"], [">50", "<50", "=49", ">=51", "<=49"]),
        (0, [">=0", "=0", "<1"], [">0"]),
        (None, [], [">=0", "<=0", "=0", "<1", ">0"]),
    ],
)
def test_known_upvotes_are_compared_and_unknown_upvotes_satisfy_no_bound(
    upvotes: int | None, true: list[str], false: list[str]
) -> None:
    paper = replace(PAPER, upvotes=upvotes)
    for bound in true:
        assert_true(f"upvotes:{bound}", paper)
    for bound in false:
        assert_false(f"upvotes:{bound}", paper)
        assert_true(f"model -upvotes:{bound}", paper)


@pytest.mark.parametrize(
    ("votes", "true", "false"),
    [
        (3, [">=3", "<=3", "=3", ">2", "<4"], [">3", "<3", "=2", ">=4", "<=2"]),
        (0, [">=0", "=0", "<1", "<3", "<=0"], [">0", ">=1", "=1"]),
    ],
)
def test_votes_are_compared_and_a_paper_without_votes_has_0(votes: int, true: list[str], false: list[str]) -> None:
    paper = replace(PAPER, votes=votes, upvotes=None)
    for bound in true:
        assert_true(f"votes:{bound}", paper)
        assert_false(f"model -votes:{bound}", paper)
    for bound in false:
        assert_false(f"votes:{bound}", paper)
        assert_true(f"model -votes:{bound}", paper)


def test_after_includes_the_day_itself_and_before_does_not() -> None:
    assert_true("after:2026-01-31 before:2026-02-01")
    assert_false("after:2026-02-01")
    assert_false("before:2026-01-31")


def test_a_paper_that_has_only_a_title_matches_no_leaf_of_other_fields() -> None:
    bare = Paper(1, "t-1", "Models", "", 1, datetime(2026, 2, 3, tzinfo=UTC), date(2026, 1, 31))
    assert_true("model -cat:cs -au:smith -topic:x -upvotes:>=0 -source:arxiv", bare)


def test_matches_are_positions_in_the_order_of_the_papers() -> None:
    others = [replace(PAPER, title="Trees", abstract=""), PAPER, replace(PAPER, title="A Tree", abstract="model")]
    papers = index(others)
    assert papers.match(parse("trees")) == [0, 2]
    assert papers.match(parse("model -tree")) == [1]
    assert papers.match(parse("tree OR model")) == [0, 1, 2]
    assert papers.match(parse("forest")) == []
    assert index([]).match(parse("model")) == []
