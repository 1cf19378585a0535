"""What the query language refuses, and where it points."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notifier.errors import QueryError
from notifier.queries import Query, parse, parse_comma_list


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "is empty"),
        ("   ", 1, "is empty"),
        ("x" * 1001, 1001, "at most 1,000 characters"),
        ("(" * 10_000, 1001, "at most 1,000 characters"),
        ("one\ttwo", 4, "U+0009"),
        ("one\ntwo", 4, "U+000A"),
        ("dépôt\x00", 6, "U+0000"),
        ("a \x1b[31m", 3, "U+001B"),
        ("a \u202eb", 3, "U+202E"),
        ("a \ud800", 3, "U+D800"),
    ],
)
def test_text_that_no_query_may_hold(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ('"machine learning', 1, "no other half"),
        ('a "b" c"', 8, "no other half"),
        ("é “b", 3, "no other half"),
        ("(a OR b", 1, "never closed"),
        ("a (b (c)", 3, "never closed"),
        ("(", 1, "never closed"),
        ("a) b", 2, "closes none"),
        (")", 1, "closes none"),
        ("a ()", 3, "nothing in these parentheses"),
    ],
)
def test_halves_without_the_other(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("a OR", 3, "OR needs a word, a phrase or a parenthesis"),
        ("a AND", 3, "AND needs a word"),
        ("a AND OR b", 3, "AND needs a word"),
        ("a || b", 3, "| needs a word"),
        ("(a OR) b", 4, "OR needs a word"),
        ("a NOT", 3, "NOT needs a word"),
        ("a ANDNOT", 3, "ANDNOT needs a word"),
        ("OR a", 1, "OR needs a word before it"),
        ("a (AND b)", 4, "AND needs a word before it"),
        ("| a", 1, "| needs a word before it"),
        ("a - b", 3, "no letter or digit"),
        ("a -", 3, "no letter or digit"),
        ("a & b", 3, "no letter or digit"),
        ('a ""', 3, "no letter or digit"),
        ('a "..."', 3, "no letter or digit"),
        ("a -“–”", 4, "no letter or digit"),
    ],
)
def test_operators_and_words_with_nothing_to_look_for(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("-a", 1),
        ("NOT a", 1),
        ("ANDNOT a", 1),
        ("-a -b", 1),
        ("a OR -b", 6),
        ("a OR b OR NOT c", 11),
        ("a OR (-b -c)", 7),
        ("a (b OR c) OR -title:d", 15),
        ("-(a b)", 1),
        ("-(a -b)", 1),
        ("NOT NOT NOT a", 1),
        ("title:(-a)", 8),
        ("-upvotes:>=5", 1),
    ],
)
def test_a_query_that_is_true_of_a_paper_without_any_of_its_words(text: str, column: int) -> None:
    assert_refused(text, column, "only what a paper must not be")


@pytest.mark.parametrize(
    "text", ["a -b", "-(-a)", "NOT NOT a", "a (b OR -c)", "a -a", "-(-a OR b)", "(-a b) OR c", "a NOT (b OR -c)"]
)
def test_a_not_beside_something_that_must_be_there_is_fine(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("a foo:b", 3, "no field foo:; put it in quotes"),
        ("tilte:a", 1, "did you mean title:"),
        ("http://example.org", 1, "no field http:"),
        ("AND:b", 1, "no field AND:"),
        ("title:-a", 1, "title: needs a word"),
        ("a title:)", 3, "title: needs a word"),
        ("title:OR b", 1, "title: needs a word"),
        ("title:author:a", 1, "title: needs a word"),
        ('title:""', 7, "no letter or digit"),
        ("(abs:&)", 6, "no letter or digit"),
        ("au:,", 4, "no letter or digit"),
    ],
)
def test_fields_that_bind_nothing(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("ab*", 1, "needs 3 letters or digits"),
        ("A* search", 1, "needs 3 letters or digits"),
        ("title:ﬁ*", 7, "needs 3 letters or digits"),
        ("a vision-lang*", 3, "ends one word only"),
        ("a *", 3, "no letter or digit"),
        ("upvotes:50", 9, "as in upvotes:>=50"),
        ("upvotes:>=", 9, "as in upvotes:>=50"),
        ("upvotes:>= 50", 9, "as in upvotes:>=50"),
        ("upvotes:>=5.5", 9, "as in upvotes:>=50"),
        ("upvotes:>-1", 9, "as in upvotes:>=50"),
        ("upvotes:>=1000000000", 9, "as in upvotes:>=50"),
        ("a after:2026-02-30", 9, "as in after:2026-01-31"),
        ("after:2026-2-3", 7, "as in after:2026-01-31"),
        ("before:2026", 8, "as in before:2026-01-31"),
        ("before:20260131", 8, "as in before:2026-01-31"),
        ("after:yesterday", 7, "as in after:2026-01-31"),
        ("after:0000-01-01", 7, "as in after:2026-01-31"),
        ("cat:*", 5, "such as cs.LG"),
        ("cat:cs*", 5, "such as cs.LG"),
        ("cat:cs.", 5, "such as cs.LG"),
        ('cat:""', 5, "such as cs.LG"),
        ("topic:quant*", 7, "takes a whole name"),
        ("source:arx*", 8, "takes a whole name"),
    ],
)
def test_values_that_a_field_cannot_mean(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason)


def test_a_topics_own_query_cannot_ask_for_topics() -> None:
    parse("a topic:agents")
    assert_refused("a (b OR -topic:agents)", 10, "a topic's own query", topics_allowed=False)


def test_thirty_two_leaves_are_enough() -> None:
    parse(" ".join(['"a b"'] * 32))
    assert_refused(" ".join(["ab"] * 33), 97, "at most 32 words and phrases")


def test_parentheses_go_eight_deep() -> None:
    parse("(" * 8 + "a" + ")" * 8)
    assert_refused("(" * 9 + "a" + ")" * 9, 9, "at most 8 deep")
    assert_refused("(" * 500, 9, "at most 8 deep")
    assert_refused("a " + "title:(" * 9, 65, "at most 8 deep")


def test_a_long_chain_of_nots_is_read() -> None:
    parse("-" * 998 + "a")
    assert_refused("-" * 999 + "a", 1, "only what a paper must not be")


def test_a_query_whose_canonical_form_would_be_too_long_to_be_one_is_refused() -> None:
    parse("ﷺ" * 10)
    assert_refused("ﷺ" * 100, 1, "over 1,000 characters")


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        (" , ,", 1, "is empty"),
        ("a, b, -c", 7, "only what a paper must not be"),
        ("a, foo:b", 4, "no field foo:"),
        ("a, b OR, c", 6, "OR needs a word"),
        ("a, (b, c", 4, "never closed"),
        ("a), b", 2, "closes none"),
        ('a, "b, c', 4, "no other half"),
        ("a, &, b", 4, "no letter or digit"),
        (", ".join(["ab"] * 33), 129, "at most 32"),
        ("a, " * 400, 1001, "at most 1,000 characters"),
    ],
)
def test_a_comma_list_is_refused_with_the_column_of_the_whole_list(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason, read=parse_comma_list)


def assert_refused(
    text: str, column: int, reason: str, *, read: Callable[..., Query] = parse, topics_allowed: bool = True
) -> None:
    with pytest.raises(QueryError) as refused:
        read(text, topics_allowed=topics_allowed)
    assert reason in refused.value.reason
    assert refused.value.column == column
