"""The queries that the language refuses, each with the column that the error points at."""

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
def test_a_text_that_is_empty_or_too_long_or_has_control_characters_is_refused(
    text: str, column: int, reason: str
) -> None:
    assert_refused(text, column, reason)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ('"machine learning', 1, "no partner"),
        ('a "b" c"', 8, "no partner"),
        ("é “b", 3, "no partner"),
        ("(a OR b", 1, "never closed"),
        ("a (b (c)", 3, "never closed"),
        ("(", 1, "never closed"),
        ("a) b", 2, "has no opening one"),
        (")", 1, "has no opening one"),
        ("a ()", 3, "these parentheses are empty"),
    ],
)
def test_quotation_marks_and_parentheses_without_a_partner_or_content_are_refused(
    text: str, column: int, reason: str
) -> None:
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
        ("a & b", 3, "write AND"),
        ('a ""', 3, "no letter or digit"),
        ('a "..."', 3, "no letter or digit"),
        ("a -“–”", 4, "no letter or digit"),
    ],
)
def test_operators_without_operands_and_words_without_letters_are_refused(text: str, column: int, reason: str) -> None:
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
        ("-votes:>=3", 1),
        ("agents OR -votes:<3", 11),
    ],
)
def test_a_query_that_only_excludes_papers_is_refused(text: str, column: int) -> None:
    assert_refused(text, column, "only excludes papers")


@pytest.mark.parametrize(
    "text", ["a -b", "-(-a)", "NOT NOT a", "a (b OR -c)", "a -a", "-(-a OR b)", "(-a b) OR c", "a NOT (b OR -c)"]
)
def test_not_is_allowed_beside_a_word_that_a_paper_must_contain(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("a foo:b", 3, "no field foo:; to search for the words themselves, put them in quotation marks"),
        ("tilte:a", 1, "did you mean title:?"),
        ("http://example.org", 1, "no field http:"),
        ("AND:b", 1, "no field AND:"),
        ("title:-a", 1, "title: needs a word"),
        ("a title:)", 3, "title: needs a word"),
        ("title:OR b", 1, "title: needs a word"),
        ("title:author:a", 1, "title: needs a word"),
        ('title:""', 7, "no letter or digit"),
        ("(abs:&)", 6, "write AND"),
        ("au:,", 4, "no letter or digit"),
    ],
)
def test_unknown_fields_and_fields_without_a_value_are_refused(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("ab*", 1, "needs at least 3 letters or digits before it"),
        ("A* search", 1, "needs at least 3 letters or digits before it"),
        ("title:ﬁ*", 7, "needs at least 3 letters or digits before it"),
        ("a vision-lang*", 3, "can end only a single word"),
        ("a *", 3, "no letter or digit"),
        ("votes:3", 7, "for example votes:>=3"),
        ("votes:many", 7, "for example votes:>=3"),
        ("votes:>=-1", 7, "for example votes:>=3"),
        ("upvotes:50", 9, "for example upvotes:>=50"),
        ("upvotes:>=", 9, "for example upvotes:>=50"),
        ("upvotes:>= 50", 9, "for example upvotes:>=50"),
        ("upvotes:>=5.5", 9, "for example upvotes:>=50"),
        ("upvotes:>-1", 9, "for example upvotes:>=50"),
        ("upvotes:>=1000000000", 9, "for example upvotes:>=50"),
        ("a after:2026-02-30", 9, "for example after:2026-01-31"),
        ("after:2026-2-3", 7, "for example after:2026-01-31"),
        ("before:2026", 8, "for example before:2026-01-31"),
        ("before:20260131", 8, "for example before:2026-01-31"),
        ("after:yesterday", 7, "for example after:2026-01-31"),
        ("after:0000-01-01", 7, "for example after:2026-01-31"),
        ("cat:*", 5, "for example category:cs.LG"),
        ("cat:cs*", 5, "for example category:cs.LG"),
        ("cat:cs.", 5, "for example category:cs.LG"),
        ('cat:""', 5, "for example category:cs.LG"),
        ("topic:quant*", 7, "needs a whole name"),
        ("source:arx*", 8, "needs a whole name"),
    ],
)
def test_prefixes_and_values_that_a_field_cannot_have_are_refused(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason)


def test_a_topics_own_query_cannot_use_the_topic_field() -> None:
    parse("a topic:agents")
    assert_refused("a (b OR -topic:agents)", 10, "a topic's own query", topics_allowed=False)


def test_a_query_may_have_32_words_and_phrases_but_not_33() -> None:
    parse(" ".join(['"a b"'] * 32))
    assert_refused(" ".join(["ab"] * 33), 97, "at most 32 words and phrases")


def test_a_topics_own_query_may_have_160_words_and_phrases_and_5_000_characters_but_not_more() -> None:
    parse(" ".join(['"a b"'] * 160), topics_allowed=False)
    assert_refused(" ".join(["ab"] * 161), 481, "at most 160 words and phrases", topics_allowed=False)
    parse("a" + " " * 4999, topics_allowed=False)
    assert_refused("a" * 5001, 5001, "at most 5,000 characters", topics_allowed=False)
    assert_refused("ﷺ" * 300, 1, "over 5,000 characters", topics_allowed=False)


def test_parentheses_may_be_nested_8_deep_but_not_9() -> None:
    parse("(" * 8 + "a" + ")" * 8)
    assert_refused("(" * 9 + "a" + ")" * 9, 9, "at most 8 deep")
    assert_refused("(" * 500, 9, "at most 8 deep")
    assert_refused("a " + "title:(" * 9, 65, "at most 8 deep")


def test_a_chain_of_nots_as_long_as_a_query_may_be_is_parsed() -> None:
    parse("-" * 998 + "a")
    assert_refused("-" * 999 + "a", 1, "only excludes papers")
    assert_refused("-" * 4999 + "a", 1, "only excludes papers", topics_allowed=False)


def test_a_query_is_refused_if_its_canonical_form_is_too_long() -> None:
    parse("ﷺ" * 10)
    assert_refused("ﷺ" * 100, 1, "over 1,000 characters")


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        (" , ,", 1, "is empty"),
        ("a, b, -c", 7, "only excludes papers"),
        ("a, foo:b", 4, "no field foo:"),
        ("a, b OR, c", 6, "OR needs a word"),
        ("a, (b, c", 4, "never closed"),
        ("a), b", 2, "has no opening one"),
        ('a, "b, c', 4, "no partner"),
        ("a, &, b", 4, "write AND"),
        (", ".join(["ab"] * 33), 129, "at most 32"),
        ("a, " * 400, 1001, "at most 1,000 characters"),
    ],
)
def test_the_column_of_a_refused_comma_list_is_counted_in_the_whole_list(text: str, column: int, reason: str) -> None:
    assert_refused(text, column, reason, parser=parse_comma_list)


def assert_refused(
    text: str, column: int, reason: str, *, parser: Callable[..., Query] = parse, topics_allowed: bool = True
) -> None:
    with pytest.raises(QueryError) as refused:
        parser(text, topics_allowed=topics_allowed)
    assert reason in refused.value.reason
    assert refused.value.column == column
