"""How many real days are called far fewer than usual, and how many days that were cut short: docs/maintaining.md."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.source_histories import ARXIV_WEEK, day, fetched, instant, weekly

from notifier.arrivals.usual import LEAST_WORKING_DAYS, counts_before, is_far_fewer, seems_short, usual_number
from notifier.models import DayCount

DOCUMENT = Path(__file__).parents[2] / "docs" / "maintaining.md"


@pytest.fixture(scope="module")
def real_days() -> dict[date, int]:
    """Return the number of papers of each real weekday."""
    root = os.environ.get("NOTIFIER_REAL_DATA")
    if not root:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    files = {date.fromisoformat(file.stem): file for file in Path(root, "hf_daily").glob("*.json")}
    return {each: len(json.loads(file.read_text("utf-8"))) for each, file in files.items() if each >= date(2025, 11, 3)}


def regular_days(seed: int) -> dict[date, int]:
    """Return ten weeks of a source that varies by an eighth, as a large arXiv category does."""
    chance = random.Random(seed)
    numbers = {day(number): ARXIV_WEEK[number % 7] for number in range(70)}
    return {each: round(chance.gauss(usual, usual / 8)) for each, usual in numbers.items() if usual}


def called(days: Mapping[date, int], share: float) -> str:
    """Return how many days are called far fewer than usual, if each of them alone has this share of its papers."""
    counts = {each: DayCount(papers) for each, papers in days.items()}
    judged = sorted(days)[LEAST_WORKING_DAYS:]
    hits = sum(is_far_fewer(counts_before(counts, each), each, max(1, int(days[each] * share))) for each in judged)
    return f"{hits} of {len(judged)}"


def test_the_figures_of_real_days_in_the_document_are_right(real_days: Mapping[date, int]) -> None:
    figures = [called(real_days, share) for share in (1, 12 / 334, 1 / 4, 1 / 2)]
    assert f"| daily papers | {' | '.join(figures)} |" in DOCUMENT.read_text("utf-8")


def test_the_figures_of_a_regular_source_in_the_document_are_right() -> None:
    figures = [called(regular_days(1), share) for share in (1, 12 / 334, 1 / 4, 1 / 2)]
    assert f"| a regular source | {' | '.join(figures)} |" in DOCUMENT.read_text("utf-8")


def test_a_day_of_trouble_does_not_change_what_is_usual() -> None:
    counts = {each: DayCount(papers) for each, papers in regular_days(2).items()}
    for number in (35, 36, 42, 43):
        counts[day(number)] = DayCount(3)
    last = day(49)
    assert last.weekday() == 0
    assert is_far_fewer(counts_before(counts, last), last, 12)
    assert not is_far_fewer(counts_before(counts, last), last, 300)


@pytest.mark.parametrize("weeks", [1, 3, 5])
def test_days_whose_papers_were_missed_do_not_change_what_is_usual(weeks: int) -> None:
    counts = {each: DayCount(papers) for each, papers in regular_days(3).items()}
    before = {day(number): usual_number(counts_before(counts, day(56)), day(number)) for number in range(56, 61)}
    for number in range(55 - 7 * weeks, 55):
        counts[day(number)] = DayCount(0, is_complete=False)
    past = counts_before(counts, day(56))
    for each, usual in before.items():
        assert (usual_number(past, each) or 0) > 0.8 * (usual or 0)


@pytest.mark.parametrize(("usual", "papers"), [(3, 1), (4, 1), (2, 1)])
def test_a_small_number_that_chance_explains_is_not_far_fewer(usual: int, papers: int) -> None:
    counts = {day(number): DayCount(usual) for number in range(50) if day(number).weekday() < 5}
    last = day(49) + timedelta(days=1)
    assert not is_far_fewer(counts_before(counts, last), last, papers)


@pytest.mark.parametrize(
    ("known", "number", "papers", "short"),
    [
        (28, 28, 0, True),  # a Monday
        (28, 30, 0, True),
        (28, 33, 0, False),  # a Saturday
        (28, 28, 60, True),
        (28, 28, 300, False),
        (0, 2, 0, True),  # nothing is known, and it is a working day
        (0, 5, 0, False),
        (0, 2, 1, False),
        (10, 10, 0, True),  # a Thursday, and one Thursday is known
        (10, 12, 0, False),
    ],
)
def test_a_day_seems_short_if_such_days_usually_have_more_papers(
    known: int, number: int, papers: int, *, short: bool
) -> None:
    history = fetched(weekly(ARXIV_WEEK, known), instant(number + 1))
    assert seems_short(history, day(number), papers) is short


def test_an_empty_day_does_not_seem_short_if_such_days_are_known_to_be_empty() -> None:
    history = fetched(weekly((20, 20, 0, 20, 20, 0, 0), 28), instant(31))
    assert not seems_short(history, day(30), 0)
    assert seems_short(history, day(31), 0)
