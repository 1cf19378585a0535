"""Each source has a schedule: that of its config, or one that suits its service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.config import SourceConfig
from notifier.fetching import default_schedule, is_working_day, next_due
from notifier.fetching.schedules import EASTERN

ARXIV = SourceConfig(preset="arxiv", categories=("cs.LG",))
SOURCES = (
    SourceConfig(preset="huggingface"),
    ARXIV,
    SourceConfig(preset="biorxiv", every="30m"),
    SourceConfig(preset="feed", url="https://example.org/papers.rss", at="07:30"),
    SourceConfig(url="https://example.org/papers.jsonl"),
    SourceConfig(glob="exports/*.jsonl"),
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def due(source: SourceConfig, now: str) -> str:
    return next_due(source, datetime.fromisoformat(now)).isoformat()


def test_a_source_with_every_is_due_again_after_that_time() -> None:
    assert due(SourceConfig(preset="huggingface", every="90m"), "2026-11-30T10:00:00Z") == "2026-11-30T11:30:00+00:00"
    assert due(SourceConfig(preset="huggingface", every="2d"), "2026-11-30T10:00:00Z") == "2026-12-02T10:00:00+00:00"


def test_a_source_with_at_is_due_once_a_day_at_that_time_in_utc() -> None:
    source = SourceConfig(url="https://example.org/x.json", at="07:30")
    assert due(source, "2026-11-30T07:29:59Z") == "2026-11-30T07:30:00+00:00"
    assert due(source, "2026-11-30T07:30:00Z") == "2026-12-01T07:30:00+00:00"
    assert due(source, "2026-11-30T23:00:00-05:00") == "2026-12-01T07:30:00+00:00"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-27T20:00:00Z", "2026-11-30T05:40:00+00:00"),  # after Friday's last time comes Monday's first
        ("2026-11-30T05:40:00Z", "2026-11-30T08:00:00+00:00"),
        ("2026-11-28T12:00:00Z", "2026-11-30T05:40:00+00:00"),
        ("2026-07-05T12:00:00Z", "2026-07-06T04:40:00+00:00"),  # in summer, midnight in New York is an hour earlier
        ("2026-11-01T12:00:00Z", "2026-11-02T05:40:00+00:00"),  # on the day after summer time ended
    ],
)
def test_arxiv_is_asked_after_midnight_in_new_york_from_monday_to_friday(now: str, expected: str) -> None:
    assert due(ARXIV, now) == expected


def test_the_daily_papers_are_asked_for_several_times_a_day() -> None:
    interval = default_schedule(SOURCES[0]).interval
    assert interval is not None
    assert interval <= timedelta(hours=6)


def test_at_weekends_a_source_of_papers_rests_and_a_feed_may_not() -> None:
    saturday, monday = datetime(2026, 11, 28).date(), datetime(2026, 11, 30).date()
    assert not is_working_day(ARXIV, saturday)
    assert is_working_day(ARXIV, monday)
    assert is_working_day(SOURCES[3], saturday)


@given(now=INSTANTS, number=st.integers(0, len(SOURCES) - 1))
def test_the_next_time_is_always_later_and_within_the_longest_rest(now: datetime, number: int) -> None:
    following = next_due(SOURCES[number], now)
    assert following.tzinfo is UTC
    assert now < following <= now + timedelta(days=4)


@given(now=INSTANTS, number=st.integers(0, len(SOURCES) - 1), later=st.timedeltas(timedelta(), timedelta(days=9)))
def test_who_asks_later_is_never_due_earlier(now: datetime, number: int, later: timedelta) -> None:
    assert next_due(SOURCES[number], now) <= next_due(SOURCES[number], now + later)


@given(now=INSTANTS)
def test_arxiv_is_never_due_at_a_weekend_in_new_york(now: datetime) -> None:
    assert next_due(ARXIV, now).astimezone(EASTERN).weekday() < 5
