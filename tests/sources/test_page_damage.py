"""A missing, doubled or wrapped line costs at most the paper that it belongs to."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import SEEDS, Layout, cleaned, seed_papers

from notifier.sources import parse_dump

PAGES = [path.read_text(encoding="utf-8").split("\n") for path in SEEDS]
WHOLE = [
    Counter((each.title, each.abstract) for each in parse_dump("\n".join(page).encode()).listings) for page in PAGES
]

places = st.sampled_from(
    [(page, line) for page, lines in enumerate(PAGES) for line, text in enumerate(lines) if text.strip()]
)
STEADY = settings(deadline=None, derandomize=True, max_examples=20)


def lost(page: int, lines: list[str]) -> int:
    """How many of a seed's papers its damaged copy no longer holds as they were."""
    left = Counter((each.title, each.abstract) for each in parse_dump("\n".join(lines).encode()).listings)
    return (WHOLE[page] - left).total()


@STEADY
@given(places)
def test_a_missing_line_costs_at_most_one_paper(place: tuple[int, int]) -> None:
    page, line = place
    assert lost(page, PAGES[page][:line] + PAGES[page][line + 1 :]) <= 1


@STEADY
@given(places)
def test_a_doubled_line_costs_nothing(place: tuple[int, int]) -> None:
    page, line = place
    assert lost(page, PAGES[page][: line + 1] + PAGES[page][line:]) == 0


@STEADY
@given(places, st.floats(0, 1))
def test_a_line_broken_in_two_costs_at_most_one_paper(place: tuple[int, int], share: float) -> None:
    page, line = place
    words = PAGES[page][line].split(" ")
    cut = round(share * len(words))
    halves = [" ".join(words[:cut]), " ".join(words[cut:])]
    assert lost(page, PAGES[page][:line] + halves + PAGES[page][line + 1 :]) <= 1


def test_an_abstract_without_a_title_is_skipped_with_that_reason() -> None:
    entries = seed_papers()[:12]
    lines = Layout().lay(entries).splitlines()
    del lines[10]
    dump = parse_dump("\n".join(lines).encode())
    assert [(each.where, each.reason) for each in dump.skipped] == [("line 11", "an abstract whose title is missing")]
    assert [(each.title, each.abstract) for each in dump.listings] == cleaned(entries[:5] + entries[6:])


def test_a_title_without_an_abstract_is_listed_without_one() -> None:
    entries = seed_papers()[:12]
    lines = Layout().lay(entries).splitlines()
    del lines[11]
    listing = parse_dump("\n".join(lines).encode()).listings[5]
    assert (listing.title, listing.abstract, listing.where) == (cleaned(entries)[5][0], "", "line 11")


def test_a_doubled_line_names_the_line_that_it_repeats() -> None:
    lines = Layout().lay(seed_papers()[:3]).splitlines()
    dump = parse_dump("\n".join([lines[0], *lines]).encode())
    assert [(each.where, each.reason) for each in dump.skipped] == [("line 2", "repeats line 1")]


@pytest.mark.parametrize("times", [2, 5])
def test_a_page_copied_several_times_over_is_read_each_time(times: int) -> None:
    assert len(parse_dump("\n".join(PAGES[1] * times).encode()).listings) == 94 * times
