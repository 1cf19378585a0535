"""Where the sentences of a text begin and end."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.text.sentences import sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "text",  # a bar stands where a sentence ends
    [
        "We train models. | They are small. | It works.",
        "Some tasks, e.g. Go, are hard. | Others, i.e. Chess, are not.",
        "It runs on CPUs (e.g., x86 vs. ARM). | We measure it.",
        "This extends Smith et al. (2017). | It is the method of Jones et al. | We improve it.",
        "See Fig. 2. | By Eq. (3), it holds. | In Sec. IV and Fig. B, cf. Table 1, we prove it.",
        "It costs approx. 5 GB w.r.t. Adam. | Beethoven's No. 5 is loud. | The answer is no. | We stop.",
        "Due to J. Smith and D. E. Knuth. | The end.",
        "Let G be the group G. | We call it simple.",
        "Accuracy is 3.5. | With Llama 3.1, or v2.1 of it, it is 4.0. | Take version 1.0.0. | Now run it.",
        "The code is at github.com/x/y. | Run model.py. | See https://example.org/a.html. | It is free.",
        "The U.S. Army is in the U.S. | In the U.K. it differs. | A Ph.D. student of Dr. Who wrote it.",
        'They ask "why?" | We answer "because." | (This is short.) | Fine.',
        "Is it? | Yes! | What?! | It is.",
        "It goes on... | We stop. | It lists x, y, ... and z. | No… really.",
        "For x_1, ..., x_N it holds. | For a, b, ... B it does not.",
        "1. We begin. | 2. We end.",
        "We eat apples, pears, etc. | They are good, etc. in order.",
        "We use i.i.d. Gaussian noise. | It is i.i.d. | We use it.",
        "We use a server. | vLLM is fast. | t-SNE is slow. | p53 is a gene.",
        "This one has no capitals. | we write letters. | this is another.",
        "It is from May. | In Dec. 2024 it ended. | 3D models followed.",
        "We study E. coli and p. 5 of it.",
        "No stop at all",
        "مرحبا؟ | نعم.",
    ],
)
def test_a_sentence_ends_at_each_bar_and_nowhere_else(text: str) -> None:
    assert split(text.replace(" | ", " ")) == text.split(" | ")


def test_chinese_and_japanese_sentences_need_no_white_space() -> None:
    assert split("我们提出模型。它很好！真的吗？是的。") == ["我们提出模型。", "它很好！", "真的吗？", "是的。"]
    assert split("「何か？」と言う。それは「良い。」") == ["「何か？」と言う。", "それは「良い。」"]


def test_a_missing_space_is_noticed_before_a_word_that_often_begins_a_sentence() -> None:
    assert split("The space is missing.We go on. See Node.js and model.Loader.") == [
        "The space is missing.",
        "We go on.",
        "See Node.js and model.Loader.",
    ]


def test_white_space_around_sentences_is_in_none_of_them() -> None:
    assert split("  One.  Two. \n") == ["One.", "Two."]
    assert split(" \t ") == split("") == []


@given(st.lists(st.sampled_from([*"ab. A1?!…。”)(\"' \n", "We ", "e.g. ", "et al. ", "é"]), max_size=60).map("".join))
def test_sentences_are_in_order_and_hold_all_but_white_space(text: str) -> None:
    found = sentences(text)
    assert all(start < end for start, end in found)
    assert all(not piece[0].isspace() and not piece[-1].isspace() for piece in split(text))
    edges = [0, *(edge for span in found for edge in span), len(text)]
    assert edges == sorted(edges)
    assert not "".join(text[left:right] for left, right in zip(edges[::2], edges[1::2], strict=True)).strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "token", [". ", ".. ", "1. ", "A. ", ".)", "e.g. ", "。", "。」", "a.We ", "? a", ". (", ". \n  "]
)
def test_the_time_grows_in_proportion_to_the_length(token: str) -> None:
    start = process_time()
    sentences(token * (200_000 // len(token)))
    assert process_time() - start < 2
