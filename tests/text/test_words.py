"""The text rules: how text is folded, split into tokens and stemmed."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.text.words import fold, folded_title, shortest_word, stem, tokens, words

ANY_TEXT = st.text(max_size=60)

# Short texts of letters, marks and signs that compose, expand when folded, or separate tokens.
DIFFICULT_TEXT = st.text(
    st.sampled_from(
        "aAsS1 '+#-’\u0301\u0307\u0345ﬁß½²İŁéＡ深か\u3099ｶﾞ\u1112\u1161\u11ab가ह\u093f\u094dΣй™\ufe0f\u200d"
    ),
    max_size=12,
)

ENDINGS = ["", "s", "es", "ed", "ing", "ly", "ness", "ation", "ational", "ism", "ize", "ative", "fulli", "able", "ies"]
ANY_WORD = st.builds(
    "".join,
    st.tuples(st.text("abcdeilnorstuyz", min_size=1, max_size=8), st.sampled_from(ENDINGS), st.sampled_from(ENDINGS)),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Large Language MODELS", "large language models"),
        ("GPT-4o beats 3.5", "gpt 4o beats 3 5"),
        ("state-of-the-art", "state of the art"),
        ("snake_case and a/b", "snake case and a b"),
        ("C++, C# and F#.", "c++ c# and f#"),
        ("HumanEval+ (EvalPlus)", "humaneval+ evalplus"),
        ("C++11, C#7, a+b", "c 11 c 7 a b"),
        ("a++b", "a b"),
        ("+1 and #1", "1 and 1"),
        ("Moore's law", "moore law"),
        ("Moore’s law", "moore law"),
        ("the models' weights", "the models weights"),
        ("C++'s", "c++"),
        ("don't, O'Reilly's", "don t o reilly"),
        ("'quoted' 'S'", "quoted s"),
        ("the 'model's'", "the model"),
        ("it'sy", "it sy"),
        ("ﬁne ﬃx", "fine ffix"),
        ("Straße", "strasse"),
        ("ＦＵＬＬ ７", "full 7"),
        ("café naïve Łódź", "cafe naive lodz"),
        ("cafe\u0301 nai\u0308ve", "cafe naive"),
        ("Søren Đỗ Æsir Œuvre ıİ", "soren do aesir oeuvre ii"),
        ("Αθήνας", "αθηνασ"),
        ("Йогурт", "иогурт"),
        ("x² and CO₂", "x2 and co2"),
        ("2½", "21 2"),
        ("深度学习AI模型", "深 度 学 习 ai 模 型"),
        ("ｶﾞか\u3099", "ガ が"),
        ("한국어 \u1112\u1161\u11ab", "한국어 한"),
        ("हिन्दी", "हिन्दी"),
        ("1\ufe0f\u20e3 café 葛\U000e0100!", "1 cafe 葛"),
        ("... – “”", ""),
        ("", ""),
    ],
)
def test_text_is_split_into_folded_tokens(text: str, expected: str) -> None:
    assert folded_title(text) == expected
    assert " ".join(token.folded for token in tokens(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Moore’s C++ — law", ["Moore", "C++", "law"]),
        ("ﬁne Straße", ["ﬁne", "Straße"]),
        ("a cafe\u0301 b", ["a", "cafe\u0301", "b"]),
        ("\u1112\u1161\u11ab x", ["\u1112\u1161\u11ab", "x"]),
        ("ｶﾞx", ["ｶﾞ", "x"]),
        ("½", ["½", "½"]),
        ("İstanbul 深度", ["İstanbul", "深", "度"]),
    ],
)
def test_a_token_has_its_place_in_the_original_text(text: str, expected: list[str]) -> None:
    assert [text[token.start : token.end] for token in tokens(text)] == expected


@settings(deadline=None, max_examples=examples(300))
@given(ANY_TEXT | DIFFICULT_TEXT)
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert words(fold(text)) == words(text)


@settings(deadline=None, max_examples=examples(300))
@given(ANY_TEXT | DIFFICULT_TEXT)
def test_a_folded_word_is_split_into_itself_alone(text: str) -> None:
    assert [words(word) for word in words(text)] == [[word] for word in words(text)]


@settings(deadline=None, max_examples=examples(500))
@given(ANY_TEXT | DIFFICULT_TEXT)
def test_tokens_are_the_words_of_a_text_with_their_places(text: str) -> None:
    found = tokens(text)
    assert [token.folded for token in found] == words(text)
    assert all(token.folded in words(text[token.start : token.end]) for token in found)
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert found == sorted(found, key=lambda token: (token.start, token.end))


@settings(deadline=None, max_examples=examples(1000))
@given(st.text("as1'+# .é’", max_size=14))
@example("the model's's")
@example("s's's's")
@example("it's é's c++'s")
def test_words_and_tokens_treat_possessives_and_signs_alike(text: str) -> None:
    assert words(text) == [token.folded for token in tokens(text)]


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127), max_size=60) | st.text("aAsS1'+#- ", max_size=12))
@example("a++b c#d C++'s F#")
def test_ascii_text_has_the_same_tokens_if_other_text_follows(text: str) -> None:
    assert [*tokens(text), ("深", len(text) + 1, len(text) + 2)] == tokens(f"{text} 深")


@pytest.mark.parametrize(
    ("inflected", "expected"),
    [
        (["model", "models", "modelled", "modelling"], "model"),
        (["diffusion", "diffusing"], "diffus"),
        (["llm", "llms"], "llm"),
        (["gpu", "gpus"], "gpu"),
        (["pde", "pdes"], "pde"),
        (["organise", "organised", "organisation"], "organis"),
        (["c++"], "c++"),
        (["3ds"], "3ds"),
        (["straßens"], "straßens"),
        (["its"], "it"),
        (["loss"], "loss"),
        (["bus"], "bus"),
    ],
)
def test_all_inflections_of_a_word_have_the_same_stem(inflected: list[str], expected: str) -> None:
    assert {stem(word) for word in inflected} == {expected}


def test_a_final_s_that_snowball_keeps_is_removed_from_a_word_of_eight_letters_but_not_of_nine() -> None:
    assert stem("bcdfghus") == "bcdfghu"
    assert stem("bcdfghjus") == "bcdfghjus"


@settings(deadline=None, max_examples=examples(1000))
@given(ANY_WORD | st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=14))
def test_the_shortest_word_of_a_stem_has_this_stem(word: str) -> None:
    assert stem(shortest_word(stem(word))) == stem(word)


def test_the_shortest_word_is_longer_than_a_stem_that_would_be_stemmed_again() -> None:
    assert stem("organis") != "organis"
    assert shortest_word("organis") == "organise"
    assert shortest_word("model") == "model"
