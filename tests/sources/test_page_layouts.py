"""Whatever way a page is laid out, its papers are read back exactly."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import Entry, Layout, cleaned, papers, seed_papers

from notifier.sources import parse_dump

# The same examples each run: what a page says is a matter of odds, and a test is none.
STEADY = settings(deadline=None, derandomize=True, max_examples=150)

ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}

layouts = st.builds(
    Layout,
    before_title=st.integers(0, 3),
    before_abstract=st.integers(0, 3),
    trailing=st.sampled_from(("", " ", "  \t")),
    line_end=st.sampled_from(("\n", "\r\n", "\r")),
)


def read_back(page: bytes) -> list[Entry]:
    return [(listing.title, listing.abstract) for listing in parse_dump(page).listings]


@STEADY
@given(papers(), layouts, st.sampled_from(sorted(ENCODINGS)))
def test_papers_are_read_back_from_every_layout(entries: list[Entry], layout: Layout, encoding: str) -> None:
    page = ENCODINGS[encoding] + layout.lay(entries).encode(encoding)
    assert read_back(page) == cleaned(entries)


@pytest.mark.parametrize("blanks", [0, 1])
@pytest.mark.parametrize("width", [72, 80, 100, 120])
def test_wrapped_abstracts_are_whole_again_but_for_one_in_fifty(width: int, blanks: int) -> None:
    entries = list(dict.fromkeys(seed_papers()))
    page = Layout(before_title=blanks, before_abstract=blanks, width=width).lay(entries)
    assert len(set(cleaned(entries)) - set(read_back(page.encode()))) <= len(entries) / 50


def test_a_word_broken_at_its_hyphen_is_whole_again() -> None:
    title, abstract = seed_papers()[0]
    page = Layout().lay([(title, abstract.replace("low-cost", "low-\ncost")), *seed_papers()[1:6]])
    [first, *_] = read_back(page.encode())
    assert first == cleaned([(title, abstract)])[0]


def test_a_suspended_hyphen_keeps_its_space() -> None:
    wrapped = "We study how language models keep what they have read, in their short-\nand long-term memory."
    page = Layout().lay([("Memory in Language Models", wrapped), *seed_papers()[:5]])
    assert read_back(page.encode())[0][1].endswith("in their short- and long-term memory.")


@pytest.mark.parametrize("widths", [(60, 200), (72, 200)])
def test_titles_are_wrapped_like_abstracts(widths: tuple[int, int]) -> None:
    entries = seed_papers()[:20]
    pages = [
        "".join(
            "\n".join([*Layout(width=width).wrapped(title), *Layout(width=width).wrapped(abstract), "", ""])
            for title, abstract in entries
        )
        for width in widths
    ]
    assert [read_back(page.encode()) for page in pages] == [cleaned(entries)] * 2


def test_abstracts_of_one_short_sentence_are_abstracts() -> None:
    entries = [
        ("Graph Networks That Forget", "We propose forgetting for graph networks."),
        ("Is Attention Needed?", "We show that it is not."),
        ("10 Lessons from Sparse Kernels.", "We list ten lessons about sparse kernels."),
        ("Planning as Search", "Planning is search, and we prove it."),
    ]
    assert read_back(Layout().lay(entries).encode()) == entries


def test_the_same_title_twice_is_listed_twice() -> None:
    first, second = seed_papers()[:2]
    assert read_back(Layout().lay([first, second, first]).encode()) == cleaned([first, second, first])


def test_one_paper_is_a_page() -> None:
    entries = seed_papers()[:1]
    assert read_back(Layout().lay(entries).encode()) == cleaned(entries)


@pytest.mark.parametrize(
    "entries",
    [
        [
            (
                "大规模语言模型的高效推理方法研究",
                "本文提出了一种新的稀疏注意力方法,在保持精度的同时将推理速度提高了两倍。实验验证了其有效性。",
            ),
            (
                "基于图神经网络的分子性质预测",
                "分子性质预测是药物发现中的重要任务。我们提出了一个基于图神经网络的框架。",
            ),
        ],
        [
            ("Эффективное обучение больших языковых моделей", "Мы предлагаем метод обучения, который вдвое дешевле."),
            ("Графовые сети для прогнозирования свойств молекул", "В статье предложена архитектура графовой сети."),
        ],
        [
            ("التعلم العميق لتحليل الصور الطبية", "في هذا البحث نقترح طريقة جديدة لتحليل الصور الطبية."),
            ("نماذج اللغة الكبيرة والذاكرة", "ندرس كيفية تخزين المعلومات في نماذج اللغة الكبيرة."),
        ],
    ],
    ids=["Chinese", "Russian", "Arabic"],
)
def test_other_scripts_are_read_as_well(entries: list[Entry]) -> None:
    assert read_back(Layout(before_title=1, before_abstract=1).lay(entries).encode()) == cleaned(entries)
