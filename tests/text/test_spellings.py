"""Different spellings of one word find each other: compounds, Greek letters, and words divided at the end of a line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier import queries
from notifier.text.compounds import JOINED, PARTS
from notifier.text.spellings import search_tokens, search_words, sequence_tokens, sequence_words
from notifier.text.words import words

PIECES = [
    *("fine", "Fine-", "-", " ", " ", "- ", "-\n", "\u2010 ", "tuning", "tuned", "finetuning", "pre", "training"),
    *("quanti- zation", "non", "linear", "nonlinear", "α", "β1", "3σ", "ή", "γλώσσα", "∆", "µ", "ß", "½", "multi", "."),
]
ANY_TEXT = st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "sequence", "further"),
    [
        ("Fine-tuning LLMs", "fine tuning llms", "finetuning"),
        ("Finetuning LLMs", "fine tuning llms", "finetuning"),
        ("to fine tune", "to fine tune", "finetune"),
        ("Multi‑modal pretraining", "multi modal pre training", "multimodal pretraining"),
        ("fine- tuning", "fine tuning", "finetuning finetuning"),
        ("a nonlinear map", "a nonlinear map", ""),
        ("a non-linear map", "a non linear map", "nonlinear"),
        ("a workflow", "a workflow", ""),
        ("a large data set", "a large data set", "dataset"),
        ("tuning fine models", "tuning fine models", ""),
        ("an α-divergence and β", "an alpha divergence and beta", ""),
        ("TGF-β1 at 3σ", "tgf beta1 at 3sigma", ""),
        ("∆ and Ω, ϵ and ϕ", "delta and omega epsilon and phi", ""),
        ("η γλώσσα και ο λόγος", "eta γλωσσα και omicron λογοσ", ""),
        ("quanti- zation of", "quanti zation of", "quantization"),
        ("quanti-\nzation", "quanti zation", "quantization"),
        ("opti\u2010 mization", "opti mization", "optimization"),
        ("pre- and post-training", "pre and post training", "posttraining preand"),
        ("2- stage, a- b, x -y", "2 stage a b x y", ""),
    ],
)
def test_the_words_of_a_text(text: str, sequence: str, further: str) -> None:
    expected = [*sequence.split(), *(["", *further.split()] if further else [])]
    assert search_words(text) == expected
    assert [token.folded for token in search_tokens(text)] == expected
    assert sequence_words(text) == sequence.split()


@pytest.mark.parametrize(
    ("text", "word", "places"),
    [
        ("Fine-tuning LLMs", "finetuning", ["Fine-tuning"]),
        ("Finetuning LLMs", "tuning", ["Finetuning"]),
        ("The α-divergence", "alpha", ["α"]),
        ("New quanti- zation", "quantization", ["quanti- zation"]),
    ],
)
def test_a_word_has_the_place_of_what_is_written(text: str, word: str, places: list[str]) -> None:
    assert [text[token.start : token.end] for token in search_tokens(text) if token.folded == word] == places


@settings(deadline=None, max_examples=examples(500))
@given(ANY_TEXT)
def test_tokens_are_the_words_with_their_places(text: str) -> None:
    assert [token.folded for token in search_tokens(text)] == search_words(text)
    assert [token.folded for token in sequence_tokens(text)] == sequence_words(text)
    assert all(0 <= token.start <= token.end <= len(text) for token in search_tokens(text))


@settings(deadline=None, max_examples=examples(500))
@given(ANY_TEXT)
def test_the_sequence_of_a_sequence_is_the_same(text: str) -> None:
    assert sequence_words(" ".join(sequence_words(text))) == sequence_words(text)


def test_each_compound_of_the_list_is_one_query_whether_it_is_joined_or_has_a_hyphen() -> None:
    for first, second in JOINED:
        assert words(f"{first} {second}") == [first, second]
        assert queries.parse(f"{first}-{second}") == queries.parse(first + second)
        assert queries.parse(queries.canonical(queries.parse(first + second))) == queries.parse(first + second)


def test_no_part_of_a_compound_is_a_compound() -> None:
    assert not [pair for pair in JOINED if not PARTS.keys().isdisjoint(pair)]
    assert len(set(JOINED.values())) == len(JOINED)
