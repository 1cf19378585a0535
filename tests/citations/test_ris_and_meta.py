"""RIS and the meta elements of a page: one record, whose lines hold one value each."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cited_papers import cited, hostile_text

from notifier.citations import meta, ris

TAGS = {"TY", "TI", "AU", "PY", "DA", "AB", "UR", "L1", "PB", "AN", "KW", "ER"}


def test_a_paper_of_arxiv_as_a_record() -> None:
    paper = cited(
        title="Attention Is All You Need",
        authors=("Ashish Vaswani", "Gemma Team", "Martin Luther King, Jr."),
        published=date(2017, 6, 12),
        arxiv_id="1706.03762",
        doi="10.1000/x_1",
        keywords=("attention", "translation"),
        abstract="We propose.",
    )
    assert ris(paper).split("\r\n") == [
        "TY  - UNPB",
        "TI  - Attention Is All You Need",
        "AU  - Vaswani, Ashish",
        "AU  - Gemma Team",
        "AU  - King, Martin Luther, Jr.",
        "PY  - 2017",
        "DA  - 2017/06/12",
        "AB  - We propose.",
        "DO  - 10.1000/x_1",
        "UR  - https://arxiv.org/abs/1706.03762",
        "L1  - https://arxiv.org/pdf/1706.03762",
        "PB  - arXiv",
        "AN  - arXiv:1706.03762",
        "KW  - attention",
        "KW  - translation",
        "ER  - ",
        "",
    ]


def test_what_is_not_known_is_left_out() -> None:
    lines = ris(cited(arxiv_id=None, abstract="")).splitlines()
    assert lines == ["TY  - GEN", "TI  - A Title", "ER  - "]


def test_meta_elements_have_the_names_that_reference_managers_know() -> None:
    paper = cited(
        authors=("Ashish Vaswani", "Laurens Jan van der Maaten", "Smith; Jones Group"),
        published=date(2017, 6, 12),
        arxiv_id="1706.03762",
        doi="10.1000/x_1",
        keywords=("attention", "translation"),
    )
    assert list(meta(paper)) == [
        ("citation_title", "A Title"),
        ("citation_author", "Vaswani, Ashish"),
        ("citation_author", "Laurens Jan van der Maaten"),
        ("citation_author", "Smith  Jones Group"),
        ("citation_publication_date", "2017/06/12"),
        ("citation_arxiv_id", "1706.03762"),
        ("citation_doi", "10.1000/x_1"),
        ("citation_pdf_url", "https://arxiv.org/pdf/1706.03762"),
        ("citation_public_url", "https://arxiv.org/abs/1706.03762"),
        ("citation_abstract", "An abstract."),
        ("citation_keywords", "attention"),
        ("citation_keywords", "translation"),
    ]


@pytest.mark.parametrize(("arxiv_id", "day"), [("2509.01234", "2025/09"), ("math.GT/0309136", "2003/09")])
def test_without_a_date_the_month_of_the_arxiv_id_is_given(arxiv_id: str, day: str) -> None:
    assert dict(meta(cited(arxiv_id=arxiv_id)))["citation_publication_date"] == day


@given(title=hostile_text(), authors=st.lists(hostile_text(), max_size=3), keyword=hostile_text())
def test_no_text_of_a_paper_adds_a_line_to_the_record(title: str, authors: list[str], keyword: str) -> None:
    paper = cited(title=f"T{title}", authors=tuple(authors), keywords=(keyword,), abstract=title)
    lines = ris(paper).splitlines()
    assert {line[2:6] for line in lines} == {"  - "}
    assert {line[:2] for line in lines} <= TAGS
    assert [line[:2] for line in lines].count("ER") == [line[:2] for line in lines].count("TY") == 1
    assert [line[:2] for line in lines].count("AU") == len(paper.authors)
    for name, content in meta(paper):
        assert name.startswith("citation_")
        assert "\n" not in content
        if name == "citation_author":
            assert ";" not in content
            assert content.count(",") <= 1
