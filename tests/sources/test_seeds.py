"""Every paper of the seeds is read, and every line is part of a listing, skipped, or blank."""

from __future__ import annotations

import re

import pytest
from support.page_samples import HEAD_LINES, SEEDS, cleaned, seed_papers

from notifier.models import ParsedDump
from notifier.sources import parse_dump


def numbers_in(places: str) -> set[int]:
    """Return the line numbers that a text such as `line 3` or `lines 5-6, 9` contains."""
    runs = re.findall(r"(\d+)(?:-(\d+))?", places)
    return {number for first, last in runs for number in range(int(first), int(last or first) + 1)}


def parse_seeds() -> list[ParsedDump]:
    return [parse_dump(path.read_bytes()) for path in SEEDS]


def test_the_seeds_have_209_94_and_94_listings() -> None:
    assert [len(dump.listings) for dump in parse_seeds()] == [209, 94, 94]


def test_the_seeds_have_364_different_titles() -> None:
    assert len({listing.title for dump in parse_seeds() for listing in dump.listings}) == 364


def test_each_listing_has_the_title_and_abstract_of_the_page() -> None:
    found = [(listing.title, listing.abstract) for dump in parse_seeds() for listing in dump.listings]
    assert found == cleaned(seed_papers())


def test_subscribe_is_removed_from_the_first_title() -> None:
    first = parse_seeds()[0].listings[0]
    assert first.title == "Accelerate High-Quality Diffusion Models with Inner Loop Feedback"


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_line_that_is_not_blank_is_either_in_a_listing_or_chrome(path) -> None:  # type: ignore[no-untyped-def]
    dump = parse_dump(path.read_bytes())
    listed = [numbers_in(listing.where) for listing in dump.listings]
    chrome = [numbers_in(each.where) for each in dump.chrome]
    assert dump.skipped == ()
    lines = path.read_text(encoding="utf-8").splitlines()
    blank = {number for number, line in enumerate(lines, 1) if not line.strip()}
    assert set().union(*listed, *chrome) | blank == set(range(1, len(lines) + 1))
    assert sum(map(len, chrome)) == len(set().union(*chrome))
    assert not set().union(*listed) & set().union(*chrome)


def test_every_line_above_the_first_title_is_chrome_of_some_kind() -> None:
    for dump, head in zip(parse_seeds(), HEAD_LINES, strict=True):
        assert len(dump.chrome) == head
        assert all(each.reason for each in dump.chrome)


def test_a_listing_has_the_numbers_of_its_lines() -> None:
    assert parse_seeds()[0].listings[0].where == "lines 3-4"
    assert parse_seeds()[1].listings[0].where == "lines 11-13"


def test_positions_count_from_one_in_the_order_of_the_page() -> None:
    assert [listing.position for listing in parse_seeds()[1].listings] == list(range(1, 95))


def test_the_date_in_the_head_of_a_page_is_read() -> None:
    assert [dump.month_day for dump in parse_seeds()] == [None, (3, 11), (9, 11)]
    assert [dump.full_date for dump in parse_seeds()] == [None, None, None]
