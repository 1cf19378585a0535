"""The listing day of a dump comes from the best source that has one, and that source is returned with it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from notifier.models import ListedOnFrom, ParsedDump
from notifier.sources.listing_day import decide_listing_day

NOW = datetime(2026, 7, 6, 23, 30, tzinfo=UTC)


def dump(full: date | None = None, month_day: tuple[int, int] | None = None) -> ParsedDump:
    return ParsedDump("page text", (), full_date=full, month_day=month_day)


@pytest.mark.parametrize(
    ("option", "name", "page", "expected"),
    [
        (date(2026, 7, 1), "2026-07-03.txt", dump(date(2026, 7, 2)), (date(2026, 7, 1), ListedOnFrom.OPTION)),
        (None, "2026-07-03.txt", dump(date(2026, 7, 2)), (date(2026, 7, 3), ListedOnFrom.NAME)),
        (None, "papers_20260703.txt", dump(), (date(2026, 7, 3), ListedOnFrom.NAME)),
        (None, "2026_07_03.txt", dump(), (date(2026, 7, 3), ListedOnFrom.NAME)),
        (None, "page.txt", dump(date(2025, 1, 2), (3, 11)), (date(2025, 1, 2), ListedOnFrom.PAGE)),
        (None, "page.txt", dump(None, (3, 11)), (date(2026, 3, 11), ListedOnFrom.PAGE)),
        (None, "page.txt", dump(None, (7, 6)), (date(2026, 7, 6), ListedOnFrom.PAGE)),
        (None, "page.txt", dump(None, (7, 7)), (date(2025, 7, 7), ListedOnFrom.PAGE)),
        (None, "page.txt", dump(None, (2, 29)), (date(2024, 2, 29), ListedOnFrom.PAGE)),
        (None, "page.txt", dump(), (date(2026, 7, 6), ListedOnFrom.CLOCK)),
        (None, "001_3a79c235237d9f72.txt", dump(), (date(2026, 7, 6), ListedOnFrom.CLOCK)),
        (None, "2026-02-30.txt", dump(), (date(2026, 7, 6), ListedOnFrom.CLOCK)),
    ],
)
def test_the_listing_day_comes_from_the_best_source_that_has_one(
    option: date | None, name: str, page: ParsedDump, expected: tuple[date, ListedOnFrom]
) -> None:
    assert decide_listing_day(option, name, page, NOW) == expected
