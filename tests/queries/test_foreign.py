"""Signs and operators of other query languages are refused, or the author is told what they do not mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from support.query_samples import ANY_TEXT

from notifier.errors import QueryError
from notifier.queries import canonical, hints, parse


@pytest.mark.parametrize(
    ("text", "column", "likely"),
    [
        ("*net", 1, "as in quant*"),
        ("deep **net", 6, "as in quant*"),
        ("title:*former", 7, "as in quant*"),
        ("qu*nt", 1, "only at the end of a word"),
        ("quanti*-aware", 1, "only at the end of a word"),
        ('"quanti* model"', 1, "no meaning in quotation marks"),
        ('ti:"deep *net"', 4, "no meaning in quotation marks"),
        ("learning[ti]", 1, "write ti:learning"),
        ("Hinton[au]", 1, "write au:Hinton"),
        ("Hinton G[1au]", 8, "write author:G"),
        ("pruning[tiab]", 1, "write pruning alone"),
        ("pruning[Title/Abstract]", 1, "write pruning alone"),
        ('"deep learning"[ti]', 16, "write ti:word"),
        ("retinopathy[MeSH Terms]", 1, "keyword:retinopathy"),
        ("graph NEAR/3 neural", 7, "near each other"),
        ("graph near/5 neural", 7, "near each other"),
        ("graph ADJ2 neural", 7, "near each other"),
        ("graph w/3 neural", 7, "near each other"),
        ("author:", 1, "author: needs a word"),
        ("pruning ti:", 9, "ti: needs a word"),
        ("(abs:) x", 2, "abs: needs a word"),
        ("title=pruning", 1, "write title:pruning"),
        ("au=Hinton", 1, "write au:Hinton"),
        ('title="deep learning"', 1, "write title:word"),
        ("moe upvotes>=50", 5, "write upvotes:>=50"),
        ("moe upvotes>50", 5, "write upvotes:>50"),
        ("moe votes>=3", 5, "write votes:>=3"),
        ("moe votes==3", 5, "write votes:3"),
        ("cat=cs.LG", 1, "write cat:cs.LG"),
        ("a && b", 3, "write AND"),
        ("a & b", 3, "write AND"),
        ("a !survey", 3, "-word"),
        ("pruning –survey", 9, "minus sign"),
        ("pruning −survey", 9, "minus sign"),
        ("quantisation~", 1, "any inflection"),
        ("pruning~2", 1, "any inflection"),
        ('"deep learning"~5', 16, "any inflection"),
        ("~pruning", 1, "any inflection"),
        ("wom?n", 1, "? stands for no letter"),
        ("pruning^2", 1, "no word more weight"),
        ("/quanti.*/", 1, "regular expressions"),
    ],
)
def test_what_can_hardly_be_a_word_is_refused_with_the_likely_meaning(text: str, column: int, likely: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.column == column
    assert likely in caught.value.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"A* search"', '"a search"'),
        ('"C*-algebras"', '"c algebras"'),
        ('"x^2" OR "f/5"', '"f 5" OR "x 2"'),
        ("quant*", "quant*"),
        ("a AND NOT b", "-b a"),
        ("ti:(a OR b)", "title:a OR title:b"),
        ("«deep learning»", '"deep learning"'),
        ("and/or", '"and or"'),
        ("C++ C# +llm", "c# c++ llm"),
        ("near", "near"),
        ("GPT-4o TCP/IP", '"gpt 4o" "tcp ip"'),
    ],
)
def test_what_may_be_meant_is_accepted_without_a_hint(text: str, expected: str) -> None:
    assert canonical(parse(text)) == expected
    assert hints(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo or bar", "“or” is a word like any other, because operators are in capitals; write OR"),
        ("foo Or bar", "“Or” is a word"),
        ("foo and bar", "“and” is a word like any other, because operators are in capitals; leave it out"),
        ("foo not bar", "“not” is a word like any other, because operators are in capitals; write NOT"),
        ("foo andnot bar", "“andnot” is a word"),
        ("foo or", "“or” is a word"),
        ("(foo or bar) baz", "“or” is a word"),
        ("foo NEAR bar", "“NEAR” is a word like any other; the operators are AND, OR and NOT"),
        ("foo XOR bar", "“XOR” is a word like any other"),
        ("foo AROUND(3) bar", "“AROUND” is a word like any other"),
        ("author: Hinton", "write author:Hinton"),
        ("foo?", "? is ignored; to find every word that begins with “foo”, write foo*"),
        ("x[1] foo", "the brackets of “x[1]” are ignored"),
        ("'mixture of experts'", "single quotation marks are ignored"),
        ("\u2018mixture of experts\u2019", "single quotation marks are ignored"),
        ("pruning, quantization", "commas are ignored"),
        ("pruning; quantization", "commas are ignored"),
        ("foo --bar", "two minus signs cancel each other"),
    ],
)
def test_what_may_be_a_word_is_accepted_with_a_hint(text: str, said: str) -> None:
    parse(text)
    (hint,) = hints(text)
    assert said in hint


@given(ANY_TEXT)
def test_hints_are_sentences_about_any_text_that_has_lexemes(text: str) -> None:
    try:
        parse(text)
    except QueryError:
        return
    assert all(hint and hint == hint.strip() for hint in hints(text))
