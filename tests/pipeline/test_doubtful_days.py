"""A day that may have papers, but was answered with none, does not count as complete: it is fetched again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from sqlalchemy import Engine
from support.fetched_sources import (
    DailyService,
    config_with,
    daily_entry,
    each_day,
    fetch_at,
    history_of,
    news_of,
    titles_on,
)
from support.https_service import Answer, HttpsService, https_service
from support.service import MONDAY, add_subscriber

from notifier.arrivals import source_health
from notifier.config import Config
from notifier.store import sources
from notifier.store.engine import reading
from notifier.subscribers import SignUp

ANN = "ann@example.org"
A_DAY = timedelta(days=1)
TODAY = MONDAY.date()
EVENING = MONDAY.replace(hour=20)
EMPTY, FORBIDDEN = Answer(b"[]"), Answer(b"no", 403)
NO_DATA = Answer(b'{"status": "no_data", "message": "No papers found for this date"}')


@pytest.fixture
def service() -> Iterator[HttpsService]:
    with https_service() as running:
        yield running


@pytest.fixture
def daily(service: HttpsService) -> DailyService:
    """Return the daily papers of the server: two on each working day of two months."""
    papers = DailyService({day: titles_on(day) for day in each_day(TODAY - 10 * A_DAY, 60) if day.weekday() < 5})
    service.scripts["/api/daily_papers"] = papers
    return papers


@pytest.fixture
def config(engine: Engine, service: HttpsService, daily: DailyService, tmp_path: Path) -> Config:
    """Subscribe Ann, fetch the daily papers for the first time on Monday, and return the config."""
    found = config_with(tmp_path, {"daily": {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}})
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True), MONDAY)
    run(engine, found, daily, 0)
    return found


def run(engine: Engine, config: Config, daily: DailyService, number: int) -> list[str]:
    """Fetch on the evening of a day by its number, and return the titles that Ann gets the next morning.

    Days after it have no papers yet.
    """
    now = EVENING + number * A_DAY
    every = daily.days
    daily.days = {day: titles for day, titles in every.items() if day <= now.date()}
    fetch_at(engine, config, now, "daily")
    daily.days = every
    return news_of(engine, config, MONDAY.replace(hour=8) + (number + 1) * A_DAY, ANN)


def day(number: int) -> date:
    return TODAY + number * A_DAY


def taken_until(engine: Engine) -> date | None:
    with reading(engine) as connection:
        return sources.state(connection, "daily").taken_until


def titles_of(*numbers: int) -> list[str]:
    return sorted(title for number in numbers for title in titles_on(day(number)))


@pytest.mark.slow
@pytest.mark.parametrize("nothing", [EMPTY, NO_DATA], ids=["list", "message"])
def test_papers_that_appear_after_failures_and_empty_answers_for_their_days_come_once(
    engine: Engine, daily: DailyService, config: Config, nothing: Answer
) -> None:
    daily.answer = FORBIDDEN
    run(engine, config, daily, 1)
    run(engine, config, daily, 2)
    daily.answer = nothing
    for number in (3, 4, 5, 6):
        assert run(engine, config, daily, number) == []
    daily.answer = None
    assert taken_until(engine) == day(-1)
    assert run(engine, config, daily, 7) == titles_of(1, 2, 3, 4, 7)
    assert run(engine, config, daily, 8) == titles_of(8)
    assert taken_until(engine) == day(7)


def test_an_empty_answer_takes_away_no_papers_that_came(engine: Engine, daily: DailyService, config: Config) -> None:
    run(engine, config, daily, 1)
    daily.answer = EMPTY
    run(engine, config, daily, 2)
    daily.answer = FORBIDDEN
    run(engine, config, daily, 3)
    daily.answer = EMPTY
    run(engine, config, daily, 4)
    counts = history_of(engine, "daily").days
    assert [counts[day(number)].papers for number in (0, 1)] == [2, 2]
    (health,) = source_health(engine, config, EVENING + 4 * A_DAY)
    assert health.sentence == "stale: no papers since Tuesday, 2026-07-07, over 2 days that usually have some"


@pytest.mark.slow
def test_a_weekend_and_a_holiday_end_as_complete_and_are_no_alarm(
    engine: Engine, service: HttpsService, daily: DailyService, config: Config
) -> None:
    del daily.days[day(3)]
    for number in range(1, 12):
        run(engine, config, daily, number)
        assert not source_health(engine, config, EVENING + number * A_DAY)[0].health.is_trouble
        if number == 4:
            assert taken_until(engine) == day(2)
    assert taken_until(engine) == day(10)
    counts = history_of(engine, "daily").days
    assert [(counts[day(number)].papers, counts[day(number)].is_complete) for number in (3, 5, 6)] == [(0, True)] * 3
    before = len(service.requests)
    run(engine, config, daily, 12)
    asked = [parse_qs(each.query)["date"][0] for each in service.requests[before:]]
    assert asked == [str(day(number)) for number in (9, 10, 11, 12)]


@pytest.mark.slow
def test_a_weekend_that_was_missed_is_unknown_until_it_was_asked_for_again_and_then_empty(
    engine: Engine, daily: DailyService, config: Config
) -> None:
    daily.answer = FORBIDDEN
    for number in (4, 5, 6):
        run(engine, config, daily, number)
    daily.answer = None
    assert run(engine, config, daily, 7) == titles_of(1, 2, 3, 4, 7)
    assert taken_until(engine) == day(4)
    assert history_of(engine, "daily").days[day(5)].is_unknown
    for number in range(8, 14):
        assert run(engine, config, daily, number) == (titles_of(number) if number < 12 else [])
    assert taken_until(engine) == day(12)
    assert history_of(engine, "daily").days[day(5)].is_complete


def test_an_older_day_in_place_of_those_that_were_asked_for_announces_nothing_and_is_told(
    engine: Engine, daily: DailyService, config: Config
) -> None:
    old = day(-40)
    entries = [daily_entry(old, title) for title in titles_on(old, 3)]
    del entries[0]["paper"]["submittedOnDailyAt"]
    daily.answer = Answer(json.dumps(entries).encode())
    assert run(engine, config, daily, 1) == []
    (health,) = source_health(engine, config, EVENING + 2 * A_DAY)
    assert "localhost sent papers of 2026-05-27 in place of those of 2026-07-04" in health.sentence
    daily.answer = None
    assert run(engine, config, daily, 2) == titles_of(1, 2)
    assert run(engine, config, daily, 3) == titles_of(3)
