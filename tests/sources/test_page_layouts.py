"""The papers of a page are read exactly, regardless of its blank lines, line ends, encoding and width."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import Entry, Layout, cleaned, lists_of_papers, seed_papers
from support.thoroughness import examples

from notifier.sources import parse_dump

# Every run tries the same examples: the parser works with probabilities, and a rare example may be misread.
REPEATABLE = settings(deadline=None, derandomize=True, max_examples=examples(150))

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


def parse_entries(page: bytes) -> list[Entry]:
    return [(listing.title, listing.abstract) for listing in parse_dump(page).listings]


@REPEATABLE
@given(lists_of_papers(), layouts, st.sampled_from(sorted(ENCODINGS)))
def test_papers_are_read_from_every_layout(entries: list[Entry], layout: Layout, encoding: str) -> None:
    page = ENCODINGS[encoding] + layout.render(entries).encode(encoding)
    assert parse_entries(page) == cleaned(entries)


@pytest.mark.slow
@pytest.mark.parametrize("blanks", [0, 1])
@pytest.mark.parametrize("width", [72, 80, 100, 120])
def test_at_most_one_in_fifty_papers_is_misread_if_abstracts_are_wrapped(width: int, blanks: int) -> None:
    entries = list(dict.fromkeys(seed_papers()))
    page = Layout(before_title=blanks, before_abstract=blanks, width=width).render(entries)
    assert len(set(cleaned(entries)) - set(parse_entries(page.encode()))) <= len(entries) / 50


def test_a_word_broken_after_its_hyphen_is_joined() -> None:
    title, abstract = seed_papers()[0]
    page = Layout().render([(title, abstract.replace("low-cost", "low-\ncost")), *seed_papers()[1:6]])
    [first, *_] = parse_entries(page.encode())
    assert first == cleaned([(title, abstract)])[0]


def test_a_line_break_after_a_hyphen_becomes_a_space_if_the_next_word_is_and() -> None:
    wrapped = "We study how language models keep what they have read, in their short-\nand long-term memory."
    page = Layout().render([("Memory in Language Models", wrapped), *seed_papers()[:5]])
    assert parse_entries(page.encode())[0][1].endswith("in their short- and long-term memory.")


@pytest.mark.parametrize("widths", [(60, 200), (72, 200)])
def test_papers_are_read_if_titles_are_wrapped_too(widths: tuple[int, int]) -> None:
    entries = seed_papers()[:20]
    pages = [
        "".join(
            "\n".join([*Layout(width=width).wrap(title), *Layout(width=width).wrap(abstract), "", ""])
            for title, abstract in entries
        )
        for width in widths
    ]
    assert [parse_entries(page.encode()) for page in pages] == [cleaned(entries)] * 2


def test_an_abstract_may_be_one_short_sentence() -> None:
    entries = [
        ("Graph Networks That Forget", "We propose forgetting for graph networks."),
        ("Is Attention Needed?", "We show that it is not."),
        ("10 Lessons from Sparse Kernels.", "We list ten lessons about sparse kernels."),
        ("Planning as Search", "Planning is search, and we prove it."),
    ]
    assert parse_entries(Layout().render(entries).encode()) == entries


def test_the_same_title_twice_is_listed_twice() -> None:
    first, second = seed_papers()[:2]
    assert parse_entries(Layout().render([first, second, first]).encode()) == cleaned([first, second, first])


def test_a_page_may_have_one_paper() -> None:
    entries = seed_papers()[:1]
    assert parse_entries(Layout().render(entries).encode()) == cleaned(entries)


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
def test_papers_in_other_scripts_are_read(entries: list[Entry]) -> None:
    assert parse_entries(Layout(before_title=1, before_abstract=1).render(entries).encode()) == cleaned(entries)
