"""Which sentence of an abstract is taken for the contribution."""

import pytest

from notifier.text.contribution import contribution

OPENING = "Large language models have achieved remarkable success."


@pytest.mark.parametrize(
    "sentence",
    [
        "To fill this gap, we introduce Arbor, a framework for research.",
        "In this work, we show that it fails.",
        "Here we find a phase transition.",
        "This paper presents a lower bound.",
        "I propose a benchmark.",
        "We therefore first study the limits of pruning.",
        "We close this gap with a gate.",
        "Evoke addresses both limitations.",
        "In contrast, we explore whether features are linear.",
        "This survey covers quantization.",
        "Our results suggest otherwise.",
        "A new algorithm for sorting is presented.",
        "In this effort we use bees to find mines.",
        "In this talk we draw bees.",
        "By contrast, our Bee Data Benchmark (BDB) generates any data.",
        "Our open source honey toolkit draws them.",
    ],
)
def test_a_sentence_about_the_own_work_is_the_contribution(sentence: str) -> None:
    assert contribution([OPENING, sentence, "It is fast."]) == 1


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("We find that models fail.", "To mend this, we propose Mender."),
        ("In this paper, we take inspiration from bees.", "We present BeeNet."),
        ("Our experiments were long.", "We study bees."),
        ("Moreover, we propose a metric.", "This work defines the task."),
        ("In our previous work, we saw bees.", "This work counts them."),
        ("As we write more code, bugs grow.", "Our approach finds bugs."),
        ("We hope to inspire others.", "The proposed method is fast."),
        ("We use bees.", "To mend this, we developed Mender."),
        ("Similarly we introduce a new index.", "In this paper we investigate an approximation."),
        ("Likewise, we present a dual.", "This study counts bees."),
        ("In particular, the simplest model is presented.", "An analysis of waves is presented."),
        ("A sample usage is also provided in this paper.", "Our benchmark generates data."),
        ("Proofs are also given, and we propose a metric.", "We study bees."),
        ("The proposed work introduces a streamlined approach.", "This study investigates random weights."),
        ("In previous work we proposed a measure of support.", "Here we discuss a solution."),
        ("Recently, we introduced a hive.", "We extend it."),
    ],
)
def test_a_more_telling_sentence_is_preferred_in_either_order(less: str, more: str) -> None:
    assert contribution([OPENING, less, more]) == 2
    assert contribution([OPENING, more, less]) == 1


def test_the_first_of_equally_telling_sentences_is_preferred() -> None:
    assert contribution([OPENING, "We introduce A.", "We introduce B."]) == 1


def test_there_may_be_no_such_sentence() -> None:
    assert contribution([OPENING, "Bees are insects."]) is None
    assert contribution([]) is None
