"""The benchmark of trending: its rank correlation, and how it reads captures."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from benchmarks.daily_papers import Entry, captures_by_day
from benchmarks.rank_correlation import chance_interval, difference_interval, mean_daily_tau_b, tau_b

RISING = np.array([(number, number * number) for number in range(12)], dtype=float)


@pytest.mark.parametrize(
    ("predicted", "actual", "expected"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 40], 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1),
        ([1, 2, 3, 4], [1, 2, 4, 3], 4 / 6),
        ([1, 1, 2, 3], [1, 2, 3, 4], 5 / 30**0.5),
        ([7, 7, 7], [1, 2, 3], 0),
        ([1], [1], 0),
    ],
)
def test_tau_b_is_computed_by_kendalls_definition(predicted: list[float], actual: list[float], expected: float) -> None:
    assert tau_b(np.array([predicted, actual], dtype=float).T) == pytest.approx(expected)


def test_the_range_by_chance_includes_zero_and_lies_below_full_agreement() -> None:
    low, high = chance_interval([RISING, RISING])
    assert low < 0 < high < mean_daily_tau_b([RISING, RISING]) == 1


def test_an_order_is_no_better_than_itself_and_better_than_its_reverse() -> None:
    falling = np.column_stack((-RISING[:, 0], RISING[:, 1]))
    assert difference_interval(mean_daily_tau_b, [RISING], [RISING]) == (0, 0)
    low, _ = difference_interval(mean_daily_tau_b, [RISING], [falling])
    assert low > 0


def test_captures_are_read_in_each_of_their_file_layouts(tmp_path: Path) -> None:
    record = {"paper": {"id": "2501.00001", "upvotes": 7}, "numComments": 2}
    bare = {"id": "2501.00002", "upvotes": 3}
    captures = [[record, bare], {"status": "success", "data": [repr(record)]}, {"status": "no_data"}, 1]
    for hour, capture in enumerate(captures):
        (tmp_path / f"2025-01-08__{hour}.json").write_text(json.dumps(capture), encoding="utf-8")
    first = {"2501.00001": Entry(1, 7, 2), "2501.00002": Entry(2, 3, 0)}
    assert captures_by_day(tmp_path) == {date(2025, 1, 8): [first, {"2501.00001": Entry(1, 7, 2)}]}
