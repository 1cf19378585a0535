"""The sections of a mail: the line that links to them, their counts, and which of their papers are cards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as parser
from support.digest_samples import DIGEST, SETTINGS, bodies, mail_of, page, paper, texts

from notifier.digests.labels import MAX_LABELS
from notifier.digests.turns import in_turns, shared_out
from notifier.models import Digest, Item, Paper, Section

sizes = st.lists(st.integers(0, 30), max_size=6)


def digest_and_papers(**sections: int) -> tuple[Digest, list[Paper]]:
    """Return a digest with a section of so many papers for each name, and its papers."""
    papers = iter([paper(number, title=f"Paper {number}") for number in range(2, 300)])
    made = {name: [next(papers) for _ in range(size)] for name, size in sections.items()}
    digest = replace(
        DIGEST,
        sections=tuple(Section(name, tuple(Item(each.id) for each in found)) for name, found in made.items()),
    )
    return digest, [each for found in made.values() for each in found]


def test_the_note_of_a_section_stands_below_its_heading() -> None:
    section = Section("For you", (Item(1),), note="You have not said yet what you like.")
    digest = replace(DIGEST, sections=(section,))
    plain, _ = bodies(mail_of(digest))
    assert f"For you (1)\n{'-' * 72}\n\nYou have not said yet what you like.\n\nLow-Bit" in plain
    (noted,) = page(digest).xpath("//h2/following-sibling::p[1]")
    assert texts([noted]) == ["You have not said yet what you like."]


def shown(found: parser.HtmlElement) -> list[tuple[str, int, int]]:
    """Return the heading of each section, and how many cards and lines it has."""
    return [
        (
            " ".join(texts([heading])),
            int(found.xpath(f"count(//h3[count(preceding::h2)={place}])")),
            int(found.xpath(f"count(//ul[@class='others']/li[count(preceding::h2)={place}])")),
        )
        for place, heading in enumerate(found.xpath("//h2"), start=1)
    ]


def test_the_head_links_to_each_section_and_counts_its_papers() -> None:
    digest, papers = digest_and_papers(Quantization=22, MoE=8)
    found = page(digest, *papers)
    (contents,) = found.find_class("contents")
    assert texts([contents]) == ["Quantization 22 · MoE 8"]
    targets = [found.get_element_by_id(link.removeprefix("#")) for link in contents.xpath("a/@href")]
    assert targets == found.xpath("//h2/a") and texts(found.xpath("//h2")) == ["Quantization 22", "MoE 8"]
    assert all(each.get("name") == each.get("id") for each in targets), "Gmail and Outlook look for a name"
    plain, _ = bodies(mail_of(digest, *papers))
    assert "\n\n- Quantization (22)\n- MoE (8)\n\n\nQuantization (22)\n-----" in plain


def test_the_head_links_to_the_first_sections_and_counts_the_others() -> None:
    digest, papers = digest_and_papers(**{f"query{number}": 1 for number in range(MAX_LABELS + 5)})
    found = page(digest, *papers)
    (contents,) = found.find_class("contents")
    assert contents.xpath("a/@href") == [f"#section-{number}" for number in range(1, MAX_LABELS + 1)]
    assert texts([contents])[0].endswith(f" · query{MAX_LABELS - 1} 1 · and 5 more")
    plain, _ = bodies(mail_of(digest, *papers))
    assert f"\n- query{MAX_LABELS - 1} (1)\n- and 5 more\n\n\nquery0 (1)\n" in plain


def test_a_mail_with_one_section_has_no_line_of_contents() -> None:
    digest, papers = digest_and_papers(Quantization=3)
    assert page(digest, *papers).find_class("contents") == []
    assert "Quantization 3" not in bodies(mail_of(digest, *papers))[0]


def test_a_section_without_papers_is_not_shown() -> None:
    digest, papers = digest_and_papers(Empty=0, Quantization=1)
    assert shown(page(digest, *papers)) == [("Quantization 1", 1, 0)]


def test_the_cards_are_shared_out_fairly_and_the_other_papers_of_a_section_are_lines_in_it() -> None:
    digest, papers = digest_and_papers(Quantization=22, MoE=2, Video=6)
    found = page(digest, *papers)
    assert shown(found) == [("Quantization 22", 3, 19), ("MoE 2", 2, 0), ("Video 6", 3, 3)]
    assert texts(found.xpath("//h3"))[:3] == ["Paper 2", "Paper 3", "Paper 4"], "the best papers of a section"
    assert texts(found.xpath("//ul[@class='others']/li"))[:2] == ["Paper 5", "Paper 6"]


@pytest.mark.parametrize(
    ("cards", "by_section"), [(0, [(0, 3), (0, 2)]), (1, [(1, 2), (0, 2)]), (200, [(3, 0), (2, 0)])]
)
def test_the_config_sets_how_many_papers_are_cards(cards: int, by_section: list[tuple[int, int]]) -> None:
    digest, papers = digest_and_papers(Quantization=3, MoE=2)
    found = page(digest, *papers, settings=replace(SETTINGS, cards=cards))
    assert [counts for _, *counts in shown(found)] == [list(each) for each in by_section]
    assert bool(found.xpath("//div[@role='main']/ul")) == (cards < 5)


@given(sizes, st.integers(0, 200))
def test_places_are_shared_out_so_that_nobody_could_get_one_more_from_somebody_with_more(
    wanted: list[int], limit: int
) -> None:
    shares = shared_out(tuple(wanted), limit)
    assert sum(shares) == min(limit, sum(wanted))
    assert all(0 <= share <= size for share, size in zip(shares, wanted, strict=True))
    short = [share for share, size in zip(shares, wanted, strict=True) if share < size]
    assert not short or max(shares) <= min(short) + 1


@given(st.lists(st.lists(st.integers(), max_size=5), max_size=4))
def test_sequences_that_take_turns_give_all_their_values_in_their_own_order(many: list[list[int]]) -> None:
    placed = [[(which, value) for value in each] for which, each in enumerate(many)]
    found = list(in_turns(placed))
    assert [[each for each in found if each[0] == which] for which in range(len(many))] == placed


def test_values_take_turns() -> None:
    assert list(in_turns(["ad", "", "bef", "c"])) == ["a", "b", "c", "d", "e", "f"]


def test_the_footer_names_at_most_so_many_subscriptions_and_counts_the_others() -> None:
    digest, papers = digest_and_papers(**{f"query{number}": 1 for number in range(MAX_LABELS + 5)})
    plain, _ = bodies(mail_of(digest, *papers))
    listed = plain.split("subscribed to:\n")[1].split("\nTo unsubscribe")[0].splitlines()
    assert listed == [*(f"- query{number}" for number in range(MAX_LABELS)), "- and 5 more"]
    footer = texts(page(digest, *papers).xpath("//div[@role='contentinfo']/ul/li"))
    assert footer == [*(f"query{number}" for number in range(MAX_LABELS)), "and 5 more"]
