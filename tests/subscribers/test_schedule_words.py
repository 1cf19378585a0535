"""Hours, weekdays and time zones are read as people write them."""

from datetime import time
from importlib import resources

import pytest

from notifier.errors import UsageError
from notifier.subscribers.calendars import parse_hour, parse_timezone, parse_weekday

ZONES = [name for name in resources.files("tzdata").joinpath("zones").read_text().split() if name != "Factory"]


@pytest.mark.parametrize(("text", "hour"), [("08:00", time(8)), ("8:05", time(8, 5)), (" 23:59 ", time(23, 59))])
def test_an_hour_is_read_as_people_write_it(text: str, hour: time) -> None:
    assert parse_hour(text) == hour


@pytest.mark.parametrize(
    "text", ["", "8", "24:00", "08:60", "08:00:00", "08:00+01:00", "\u0660\u0668:\u0660\u0660", "8am", "-1:00"]
)
def test_a_text_that_is_not_a_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="HH:MM"):
        parse_hour(text)


@pytest.mark.parametrize(("text", "weekday"), [("mon", 0), ("Friday", 4), (" SUN ", 6)])
def test_a_weekday_is_read_as_a_whole_word_or_abbreviated(text: str, weekday: int) -> None:
    assert parse_weekday(text) == weekday


@pytest.mark.parametrize("text", ["", "m", "mo", "monkey", "1"])
def test_a_text_that_is_not_a_weekday_is_refused_with_the_list_of_weekdays(text: str) -> None:
    with pytest.raises(UsageError, match="mon, tue, wed, thu, fri, sat, sun"):
        parse_weekday(text)


def test_every_iana_zone_is_known_in_upper_and_lower_case() -> None:
    assert [parse_timezone(name.upper()) for name in ZONES] == ZONES
    assert parse_timezone(" america/new york ") == "America/New_York"


@pytest.mark.parametrize(
    ("text", "near"),
    [("Europe/Berln", "Europe/Berlin"), ("New York", "America/New_York"), ("Asia/Tokio", "Asia/Tokyo")],
)
def test_an_unknown_zone_is_refused_with_similar_names(text: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean .*{near}"):
        parse_timezone(text)


@pytest.mark.parametrize(
    "text",
    ["/etc/localtime", "../Europe/Berlin", "Europe", "posixrules", "localtime", "posix/Japan", "Factory", "tzdata.zi"],
)
def test_other_files_in_a_zone_folder_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="unknown"):
        parse_timezone(text)


@pytest.mark.parametrize("text", ["", "Europe/Berlin\0", "Europe\nBerlin", "\ud800", "x" * 5000])
def test_strange_texts_are_refused_as_zones(text: str) -> None:
    with pytest.raises(UsageError, match="unknown"):
        parse_timezone(text)
