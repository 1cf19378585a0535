"""The listing day is the option, else a date in the file's name, else a date in the dump, else the current day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from notifier.models import ListedOnFrom, ParsedDump
from notifier.sources.listing_day import decide_listing_day

NOW = datetime(2026, 7, 6, 12, tzinfo=UTC)
EMPTY = ParsedDump("page text", ())
DATED = ParsedDump("page text", (), full_date=date(2025, 9, 11), month_day=(3, 11))


def listing_day(
    name: str = "page.txt", dump: ParsedDump = EMPTY, option: date | None = None, now: datetime = NOW
) -> date:
    return decide_listing_day(option, name, dump, now)[0]


def test_the_option_comes_first() -> None:
    option = date(2020, 1, 2)
    assert decide_listing_day(option, "2026-07-05.txt", DATED, NOW) == (option, ListedOnFrom.OPTION)


def test_a_date_in_the_name_comes_second() -> None:
    assert decide_listing_day(None, "2026-07-05.txt", DATED, NOW) == (date(2026, 7, 5), ListedOnFrom.NAME)


def test_a_full_date_in_the_dump_comes_third() -> None:
    assert decide_listing_day(None, "page.txt", DATED, NOW) == (date(2025, 9, 11), ListedOnFrom.PAGE)


def test_a_month_and_day_in_the_dump_come_fourth() -> None:
    dump = ParsedDump("page text", (), month_day=(3, 11))
    assert decide_listing_day(None, "page.txt", dump, NOW) == (date(2026, 3, 11), ListedOnFrom.PAGE)


def test_the_current_day_in_utc_comes_last() -> None:
    late_in_new_york = datetime(2026, 7, 5, 22, tzinfo=timezone(timedelta(hours=-4)))
    assert decide_listing_day(None, "page.txt", EMPTY, late_in_new_york) == (date(2026, 7, 6), ListedOnFrom.CLOCK)


@pytest.mark.parametrize(
    "name",
    [
        *("2026-03-09.txt", "20260309.txt", "2026_03_09.txt", "2026.03.09.txt", "papers-2026-03-09-final.txt"),
        *("papers20260309.txt", "1_20260309_x.txt", "2026-03-09__2026-03-10T0420Z.json", "2026-03-09T1707Z.json"),
        *("/dumps/2025-01-01/2026-03-09.txt", "https://example.org/papers?date=2026-03-09"),
    ],
)
def test_a_date_in_a_name_is_found(name: str) -> None:
    assert listing_day(name) == date(2026, 3, 9)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "001_3a79c235237d9f72.txt",
            "004_dc38862c35b235a6.txt",
            "a20260309.txt",
            "d2026030912ab.txt",
            "12026030912.txt",
        ),
        *(
            "2026-13-01.txt",
            "2026-02-30.txt",
            "20269999.txt",
            "2026-03_09.txt",
            "2603.01234.txt",
            "/2026-03-09/page.txt",
        ),
    ],
)
def test_other_digits_in_a_name_are_not_read_as_a_date(name: str) -> None:
    assert decide_listing_day(None, name, EMPTY, NOW)[1] is ListedOnFrom.CLOCK


@pytest.mark.parametrize(
    ("month_day", "now", "expected"),
    [
        ((7, 6), NOW, date(2026, 7, 6)),
        ((7, 7), NOW, date(2025, 7, 7)),
        ((12, 31), datetime(2027, 1, 1, tzinfo=UTC), date(2026, 12, 31)),
        ((2, 29), NOW, date(2024, 2, 29)),
        ((2, 29), datetime(1903, 5, 1, tzinfo=UTC), date(1896, 2, 29)),
    ],
)
def test_a_day_without_a_year_is_the_latest_such_day_that_is_not_after_now(
    month_day: tuple[int, int], now: datetime, expected: date
) -> None:
    assert listing_day(dump=ParsedDump("page text", (), month_day=month_day), now=now) == expected


def test_a_day_that_exists_in_no_year_is_ignored() -> None:
    dump = ParsedDump("page text", (), month_day=(2, 30))
    assert decide_listing_day(None, "page.txt", dump, NOW) == (date(2026, 7, 6), ListedOnFrom.CLOCK)
