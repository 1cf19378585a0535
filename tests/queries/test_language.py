"""The meaning of queries, given as the canonical form of what was typed."""

from __future__ import annotations

import pytest

from notifier.queries import canonical, parse, parse_comma_list, query_of_list


def assert_canonical_form(text: str, expected: str) -> None:
    assert canonical(parse(text)) == expected
    assert canonical(parse(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Models", "model"),
        ("  diffusion   MODELS ", "diffuse model"),
        ("organisations", "organise"),
        ("LLM's", "llm"),
        ("naïve", "naiv"),
        ("C++ c# HumanEval+", "c# c++ humaneval+"),
        ("or and not", "and not or"),
        ("model, data.", "data model"),
        ("+llm", "llm"),
        ("ﬁne-tuning", "finetun"),
        ("title: theory", "theori titl"),
        ("f(x)", "f x"),
    ],
)
def test_bare_words_become_stems(text: str, expected: str) -> None:
    assert_canonical_form(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Large Language Models"', '"large language models"'),
        ('"models"', '"models"'),
        ('"title:x (a OR b) -c"', '"title x a or b c"'),
        ("GPT-4o", '"gpt 4o"'),
        ("3.5", '"3 5"'),
        ("vision-language", '"vision language"'),
        ("don’t", '"don t"'),
        ("深度", '"深 度"'),
        ("深", "深"),
        ("“machine learning”", '"machine learning"'),
        ("GPT-4:turbo 3D:x", '"3d x" "gpt 4 turbo"'),
        ('a"b c"d', '"b c" a d'),
    ],
)
def test_phrases_are_exact_words_in_sequence(text: str, expected: str) -> None:
    assert_canonical_form(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Quant*", "quant*"), ("c++*", "c++*"), ("-abc* x", "-abc* x"), ("(étu*)", "etu*"), ("au:Schm*", "author:schm*")],
)
def test_a_word_that_ends_in_a_star_is_a_prefix(text: str, expected: str) -> None:
    assert_canonical_form(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b a", "a b"),
        ("b AND a", "a b"),
        ("b OR a", "a OR b"),
        ("b|a", "a OR b"),
        ("a b OR c d", "a b OR c d"),
        ("a (b OR c)", "(b OR c) a"),
        ("(a b) OR c", "a b OR c"),
        ("(a OR b) OR (c OR (d))", "a OR b OR c OR d"),
        ("(a AND b) (c d)", "a b c d"),
        ("a -b", "-b a"),
        ("a NOT b", "-b a"),
        ("a ANDNOT b", "-b a"),
        ("a AND NOT b", "-b a"),
        ("-b a", "-b a"),
        ("a -b OR c", "-b a OR c"),
        ("a -(b c)", "-(b c) a"),
        ("a -(b OR c)", "-(b OR c) a"),
        ("a --b", "a b"),
        ("a -b-c", '-"b c" a'),
        ("NOT NOT a", "a"),
        ("a NOT NOT NOT b", "-b a"),
        ("a -(-(b c))", "a b c"),
        ("a a A", "a"),
        ("(a b) OR (b a)", "a b"),
        ("((a b) OR (b a)) c", "a b c"),
        ("a -a", "-a a"),
    ],
)
def test_operators_and_parentheses_form_the_tree(text: str, expected: str) -> None:
    assert_canonical_form(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title:Models", "title:model"),
        ("TI:a intitle:b", "title:a title:b"),
        ("abs:vision-language", 'abstract:"vision language"'),
        ("title:(a OR -b c)", "-title:b title:c OR title:a"),
        ("title:(a abs:b)", "abstract:b title:a"),
        ("title:a b", "b title:a"),
        ('title:"a b" c', 'c title:"a b"'),
        ("-title:(a b) c", "-(title:a title:b) c"),
        ("keyword:(Models OR quant*)", "keyword:model OR keyword:quant*"),
        ('au:"Smith, J."', 'author:"j smith"'),
        ("author:O’Reilly", 'author:"o reilly"'),
        ("au:(Ho OR Song)", 'author:"ho" OR author:"song"'),
        ("cat:CS.LG", 'category:"cs.lg"'),
        ("category:cs.* OR category:cs", 'category:"cs"'),
        ('cat:"Computer  Vision"', 'category:"computer vision"'),
        ('topic:"Quantum Computing"', "topic:quantum-computing"),
        ("topic:quantum-computing", "topic:quantum-computing"),
        ("source:arXiv", "source:arxiv"),
        ("upvotes:>=050", "upvotes:>=50"),
        ('upvotes:(">= 5" <10 =7 >6 <=8)', "upvotes:<10 upvotes:<=8 upvotes:=7 upvotes:>6 upvotes:>=5"),
        ("votes:>=03", "votes:>=3"),
        ('VOTES:(">= 5" <10 =7 >6 <=8)', "votes:<10 votes:<=8 votes:=7 votes:>6 votes:>=5"),
        ("after:2026-01-31 before:2026-02-28", "after:2026-01-31 before:2026-02-28"),
        ("after:2024-02-29", "after:2024-02-29"),
    ],
)
def test_a_field_applies_to_the_word_phrase_or_parenthesis_after_it(text: str, expected: str) -> None:
    assert_canonical_form(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("diffusion models, LLM", "diffuse model OR llm"),
        ('"a, b", c', '"a b" OR c'),
        ("(a, b) c, d", "a b c OR d"),
        ("llm -survey, a OR b", "-survey llm OR a OR b"),
        (", a,, b ,", "a OR b"),
        ("a，b", "a OR b"),
        ("a", "a"),
        ("title:(a b), c", "c OR title:a title:b"),
    ],
)
def test_each_item_of_a_comma_list_is_a_query(text: str, expected: str) -> None:
    assert canonical(parse_comma_list(text)) == expected
    assert canonical(parse(query_of_list(text))) == expected


def test_a_comma_is_no_operator_outside_of_a_comma_list() -> None:
    assert_canonical_form("models, data", "data model")
    assert_canonical_form("3,000", '"3 000"')
