"""The readable form of queries, by examples and with random queries."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.query_samples import ANY_TEXT, SAMPLE_QUERIES, SampleQuery, spelled
from support.thoroughness import examples

from notifier.errors import QueryError
from notifier.queries import canonical, parse, readable, readable_whole
from notifier.queries.lexer import Lexeme, LexemeKind, lex
from notifier.text.words import words

LONGEST = 80


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("MoE", "MoE"),
        ("C++.", "C++"),
        ("quant*", "quant…"),
        ("深度", "深度"),
        ('"mixture  of experts"', "mixture of experts"),
        ("“mixture of experts”", "mixture of experts"),
        ("vision-language LLMs, GPT-4o", "vision-language and LLMs and GPT-4o"),
        ("PDE OR operator|3,000", "PDE or operator or 3,000"),
        ('("mixture of experts" OR MoE) -survey', "mixture of experts or MoE, not survey"),
        ("-survey pruning NOT benchmark", "pruning, not survey, not benchmark"),
        ("a NOT NOT b", "a and b"),
        ("a OR a OR A", "a or A"),
    ],
)
def test_words_stand_as_they_were_typed_and_operators_are_written_out(typed: str, expected: str) -> None:
    assert readable(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ('"retrieval and generation"', '"retrieval and generation"'),
        ("cat or dog", 'cat and "or" and dog'),
        ('"f(x)" OR "a, b"', '"f(x)" or "a, b"'),
        ('"by design" OR "learning from data"', '"by design" or learning from data'),
        ('"quant…"', '"quant…"'),
    ],
)
def test_quotation_marks_stay_where_words_would_be_taken_for_operators(typed: str, expected: str) -> None:
    assert readable(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a (b OR c)", "a and (b or c)"),
        ("(a b) OR c", "(a and b) or c"),
        ("a OR b -c", "a or (b, not c)"),
        ("((a OR b) c) OR d", "((a or b) and c) or d"),
        ("(a OR b) OR (c OR (d))", "a or b or c or d"),
        ("(a AND b) (c d)", "a and b and c and d"),
        ("a -(b c)", "a, not (b and c)"),
        ("a (b OR -c)", "a and (b or not c)"),
        ("a -(-b -c)", "a, not (not b, not c)"),
    ],
)
def test_parentheses_show_what_belongs_together(typed: str, expected: str) -> None:
    assert readable(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("title:x", "x in the title"),
        ("abs:quant*", "quant… in the abstract"),
        ("keyword:robotics", "robotics in the keywords"),
        ('author:"J Smith"', "by J Smith"),
        ("category:cs.LG", "in cs.LG"),
        ("cat:cs.*", "in cs"),
        ("topic:quantum-computing", "the topic quantum-computing"),
        ("source:arXiv", "from arXiv"),
        ("upvotes:>=50", "at least 50 upvotes"),
        ('upvotes:"> 1"', "more than 1 upvote"),
        ("upvotes:<=9", "at most 9 upvotes"),
        ("upvotes:<50", "fewer than 50 upvotes"),
        ("upvotes:=007", "exactly 7 upvotes"),
        ("votes:>=3", "at least 3 votes"),
        ('Votes:">= 1"', "at least 1 vote"),
        ("votes:<3", "fewer than 3 votes"),
        ("votes:=0", "exactly 0 votes"),
        ("agents votes:>2", "agents, more than 2 votes"),
        ("after:2026-01-31", "since 31 Jan 2026"),
        ("before:2026-12-01", "before 1 Dec 2026"),
    ],
)
def test_fields_are_written_out(typed: str, expected: str) -> None:
    assert readable(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("title:(pruning OR distillation) -survey", "(pruning or distillation) in the title, not survey"),
        ("moe au:(Ho OR Song)", "moe, by (Ho or Song)"),
        ("title:(a abs:b)", "a in the title and b in the abstract"),
        ("upvotes:(>=5 <10)", "at least 5 upvotes, fewer than 10 upvotes"),
        ("a OR title:b", "b in the title or a"),
        ("au:Ho OR a", "a or by Ho"),
        (
            "after:2026-01-31 cat:cs.LG (a OR b) -c",
            "a or b, since 31 Jan 2026, in cs.LG, not c",
        ),
        ("a (cat:cs.LG OR cat:cs.CL)", "a and (in cs.LG or in cs.CL)"),
        ("a -au:Ho -title:b", "a, not by Ho, not b in the title"),
    ],
)
def test_a_field_is_read_with_its_own_operand_only(typed: str, expected: str) -> None:
    assert readable(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            " OR ".join(f"word{number}" for number in range(32)),
            "word0 or word1 or word2 or word3 or word4 or word5 or word6 or word7 or …",
        ),
        (
            f"title:({' OR '.join(f'word{number}' for number in range(30))}) -survey",
            "(word0 or word1 or word2 or word3 or word4 or …) in the title, not survey",
        ),
        (f'"{"mixture " * 20}"', "mixture " * 9 + "…"),
        (f'"{"深" * 200}"', "深" * 79 + "…"),
    ],
)
def test_a_long_query_loses_operands_and_an_ellipsis_says_so(typed: str, expected: str) -> None:
    assert readable(typed) == expected


def test_a_text_that_is_no_query_stays_as_it_is() -> None:
    assert readable("a (b\tOR") == "a (b OR"


@settings(deadline=None, max_examples=examples(1000))
@given(ANY_TEXT)
def test_any_text_has_a_short_readable_form_on_one_line(text: str) -> None:
    assert_is_a_short_line(readable(text))


@settings(deadline=None, max_examples=examples(500))
@given(SAMPLE_QUERIES, st.randoms(use_true_random=False))
def test_the_readable_form_holds_every_word_that_was_typed(sample: SampleQuery, rng: Random) -> None:
    typed = spelled(sample, rng)
    shown = readable(typed)
    assert_is_a_short_line(shown)
    assume(not is_shortened(shown))
    assert set(typed_words(typed)) <= set(words(shown))
    assert not re.search(r"\w:|[*|]", shown)


@settings(deadline=None, max_examples=examples(500), suppress_health_check=[HealthCheck.filter_too_much])
@given(ANY_TEXT)
def test_no_word_of_any_valid_query_is_missing(text: str) -> None:
    try:
        parse(text)
    except QueryError:
        assume(False)
    assume(not is_shortened(readable(text)))
    assert set(typed_words(text)) <= set(words(readable(text)))


def test_queries_that_mean_different_things_read_differently() -> None:
    rng = Random("readable")
    meanings: dict[str, set[str]] = {}
    for typed in (random_query(rng, 2) for _ in range(5000)):
        meanings.setdefault(readable(f"x {typed}"), set()).add(canonical(parse(f"x {typed}")))
    shown_in_full = {shown: found for shown, found in meanings.items() if not is_shortened(shown)}
    assert len(shown_in_full) > 2000
    assert {shown: found for shown, found in shown_in_full.items() if len(found) > 1} == {}


def random_query(rng: Random, depth: int) -> str:
    """Return a random query of words and phrases that read alike only if they mean the same."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(["", "", "ti:", "au:", "cat:"]) + rng.choice(["a", "b", "c", '"a b"', '"a or b"', '"by a"'])
    operands = [random_query(rng, depth - 1) for _ in range(rng.choice((1, 2, 2, 3)))]
    sign = rng.choice(["", "", "NOT ", "ti:", "au:"])
    return f"{sign}({rng.choice([' ', ' OR ', ' NOT ']).join(operands)})"


def typed_words(text: str) -> list[str]:
    """Return the folded words that were typed, without those of fields, bounds and days."""
    lexemes = lex(text)
    fields = [Lexeme(LexemeKind.END, "", 0), *lexemes]
    bounds = {"upvotes", "votes", "after", "before"}
    values = (LexemeKind.WORD, LexemeKind.PHRASE)
    return [
        word
        for field, value in zip(fields, lexemes, strict=False)
        if value.kind in values and field.text.lower() not in bounds
        for word in words(value.text)
    ]


def is_shortened(shown: str) -> bool:
    return len(shown) == LONGEST or bool(re.search(r"(?:\A|[ (])…", shown))


def assert_is_a_short_line(shown: str) -> None:
    assert len(shown) <= LONGEST
    assert shown.splitlines() in ([shown], [])


def test_the_whole_query_of_a_topic_is_readable_however_long_it_is() -> None:
    words = [f"word{letter}{other}" for letter in "abcdefghijkl" for other in "abcdefghijkl"]
    assert readable_whole(" OR ".join(words)) == " or ".join(words)
    assert readable_whole("title:(pruning OR distillation) -survey") == readable(
        "title:(pruning OR distillation) -survey"
    )
    assert readable_whole("(no\nquery") == "(no query"
