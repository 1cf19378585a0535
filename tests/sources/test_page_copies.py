"""Read pages that were copied as Markdown, or with URLs, and find the link of each paper."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.paths import DATA

from notifier.models import ParsedDump
from notifier.sources import parse_dump

PAGES = DATA / "pages"


def parse_page(name: str) -> ParsedDump:
    return parse_dump((PAGES / name).read_bytes())


def test_the_marks_of_a_markdown_copy_are_removed() -> None:
    first, second = parse_page("markdown.md").listings
    assert first.title == "Forgetful Graphs: Unlearning Edges in Graph Networks"
    assert first.abstract.startswith("Graph networks remember every edge")
    assert first.abstract.endswith("at 2 -- 6x the speed of retraining.")
    assert second.title == "Tracing Citations: Auditing the Sources of Research Assistants"
    assert second.abstract.endswith("We audit eight assistants, and release the audit as a benchmark.")


def test_a_copy_with_web_addresses_between_its_lines_is_read() -> None:
    titles = [listing.title for listing in parse_page("addresses.txt").listings]
    assert titles == ["Learning from Stricter Teachers", "A Corpus of Shell Commands and What They Mean"]


@pytest.mark.parametrize(
    ("name", "ids"),
    [("markdown.md", ["2606.00001", "2509.00002"]), ("addresses.txt", ["2410.00003", "1802.00004"])],
)
def test_a_paper_gets_its_id_and_url_from_the_link_of_its_title(name: str, ids: list[str]) -> None:
    listings = parse_page(name).listings
    assert [listing.arxiv_id for listing in listings] == ids
    assert [listing.url for listing in listings] == [f"https://huggingface.co/papers/{each}" for each in ids]


def two_papers(*chrome: str) -> list[str]:
    """Return the lines of two papers, with the first line of `chrome` between them and the rest below."""
    return [
        "Forgetful Graph Networks",
        "We introduce graph networks that forget edges on request, and show that they are accurate.",
        *chrome[:1],
        "Remembering Everything with Language Models",
        "We study language models that remember everything, and propose a benchmark for their memory.",
        *chrome[1:],
    ]


def ids_in(lines: list[str]) -> list[str | None]:
    return [listing.arxiv_id for listing in parse_dump("\n".join(lines).encode()).listings]


def test_ids_below_the_papers_belong_to_the_papers_above_them() -> None:
    lines = two_papers("arXiv:2601.00001v2", "https://arxiv.org/abs/2601.00002")
    assert ids_in(lines) == ["2601.00001", "2601.00002"]


def test_ids_above_the_papers_belong_to_the_papers_below_them() -> None:
    lines = ["https://arxiv.org/abs/2601.00001", *two_papers("https://arxiv.org/pdf/2601.00002v1")]
    assert ids_in(lines) == ["2601.00001", "2601.00002"]


def test_an_id_that_may_belong_to_either_paper_is_ignored() -> None:
    assert ids_in(two_papers("https://arxiv.org/abs/2601.00001")) == [None, None]


def test_an_id_that_an_abstract_cites_is_ignored() -> None:
    lines = two_papers()
    lines[1] += " It builds on https://arxiv.org/abs/1706.03762 and arXiv:1409.0473."
    assert ids_in(lines) == [None, None]


def test_every_paper_of_the_real_pages_is_read() -> None:
    folder = os.environ.get("NOTIFIER_REAL_DATA")
    if not folder:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    found = {path.suffix: parse_dump(path.read_bytes()).listings for path in (Path(folder) / "pages").iterdir()}
    assert [listing.arxiv_id for listing in found[".md"]] == ["2606.00683", "2509.04499"]
    assert [listing.arxiv_id for listing in found[".txt"]] == ["2410.05434", "1802.08979", "2310.17680"]
    assert all(listing.abstract for listings in found.values() for listing in listings)
