"""If a line of a page is missing, doubled or broken in two, at most one paper is lost."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import SEEDS, Layout, cleaned, seed_papers
from support.thoroughness import examples

from notifier.sources import parse_dump

PAGES = [path.read_text(encoding="utf-8").split("\n") for path in SEEDS]
UNDAMAGED = [
    Counter((each.title, each.abstract) for each in parse_dump("\n".join(page).encode()).listings) for page in PAGES
]

# The indexes of a page and of a line on it that is not blank.
line_positions = st.sampled_from(
    [(page, line) for page, lines in enumerate(PAGES) for line, text in enumerate(lines) if text.strip()]
)
REPEATABLE = settings(deadline=None, derandomize=True, max_examples=examples(20))


def count_lost(page: int, lines: list[str]) -> int:
    """Return how many papers of a seed are missing or changed in its damaged copy."""
    found = Counter((each.title, each.abstract) for each in parse_dump("\n".join(lines).encode()).listings)
    return (UNDAMAGED[page] - found).total()


@pytest.mark.slow
@REPEATABLE
@given(line_positions)
def test_at_most_one_paper_is_lost_if_a_line_is_missing(position: tuple[int, int]) -> None:
    page, line = position
    assert count_lost(page, PAGES[page][:line] + PAGES[page][line + 1 :]) <= 1


@REPEATABLE
@given(line_positions)
def test_no_paper_is_lost_if_a_line_is_doubled(position: tuple[int, int]) -> None:
    page, line = position
    assert count_lost(page, PAGES[page][: line + 1] + PAGES[page][line:]) == 0


@REPEATABLE
@given(line_positions, st.floats(0, 1))
def test_at_most_one_paper_is_lost_if_a_line_is_broken_in_two(position: tuple[int, int], share: float) -> None:
    page, line = position
    words = PAGES[page][line].split(" ")
    cut = round(share * len(words))
    halves = [" ".join(words[:cut]), " ".join(words[cut:])]
    assert count_lost(page, PAGES[page][:line] + halves + PAGES[page][line + 1 :]) <= 1


def test_an_abstract_without_a_title_is_skipped_with_that_reason() -> None:
    entries = seed_papers()[:12]
    lines = Layout().render(entries).splitlines()
    del lines[10]
    dump = parse_dump("\n".join(lines).encode())
    assert [(each.where, each.reason) for each in dump.skipped] == [("line 11", "an abstract whose title is missing")]
    assert [(each.title, each.abstract) for each in dump.listings] == cleaned(entries[:5] + entries[6:])


def test_a_title_without_an_abstract_is_listed_without_one() -> None:
    entries = seed_papers()[:12]
    lines = Layout().render(entries).splitlines()
    del lines[11]
    listing = parse_dump("\n".join(lines).encode()).listings[5]
    assert (listing.title, listing.abstract, listing.where) == (cleaned(entries)[5][0], "", "line 11")


def test_a_doubled_line_is_chrome_with_the_number_of_the_line_that_it_repeats() -> None:
    lines = Layout().render(seed_papers()[:3]).splitlines()
    dump = parse_dump("\n".join([lines[0], *lines]).encode())
    assert [(each.where, each.reason) for each in dump.chrome] == [("line 2", "repeats line 1")]


@pytest.mark.slow
@pytest.mark.parametrize("times", [2, 5])
def test_all_papers_of_a_page_that_was_pasted_several_times_are_read(times: int) -> None:
    assert len(parse_dump("\n".join(PAGES[1] * times).encode()).listings) == 94 * times
