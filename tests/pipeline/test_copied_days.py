"""A server answers for several days with the papers of one day: the other days are not counted, and are fetched again.

The papers have no date, so this is recognised only because the papers are the same.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import count
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
from support.https_service import Answer, Asked, https_service
from support.service import MONDAY, add_subscriber

from notifier.arrivals import source_health
from notifier.models import Health
from notifier.subscribers import SignUp

ANN = "ann@example.org"
A_DAY = timedelta(days=1)
TODAY = MONDAY.date()
MORNING = MONDAY.replace(hour=9)


@pytest.mark.slow
def test_days_that_were_answered_with_papers_of_another_day_are_fetched_again(engine: Engine, tmp_path: Path) -> None:
    papers = DailyService({day: titles_on(day) for day in each_day(TODAY - 20 * A_DAY, 60)})
    days = each_day(TODAY, 9)
    with https_service({"/api/daily_papers": papers}) as service:
        config = config_with(tmp_path, {"daily": {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}})
        add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True), MORNING)
        fetch_at(engine, config, MORNING)
        papers.answer = answer_of(TODAY, 3)
        for number in range(1, 8):
            fetch_at(engine, config, MORNING + number * A_DAY)
        stuck = MORNING + 7 * A_DAY
        assert source_health(engine, config, stuck)[0].health is Health.STALE
        assert "the same document since Tuesday" in source_health(engine, config, stuck)[0].sentence
        assert days[1] not in history_of(engine, "daily").days
        papers.answer = None
        fetch_at(engine, config, MORNING + 8 * A_DAY)
        assert not source_health(engine, config, MORNING + 8 * A_DAY)[0].health.is_trouble
        expected = [title for day in each_day(TODAY + 2 * A_DAY, 7) for title in titles_on(day)]
        assert news_of(engine, config, MORNING + 8 * A_DAY, ANN) == sorted(expected)
        assert sorted(history_of(engine, "daily").days)[-9:] == list(days)


def answer_of(day: date, upvotes: int) -> Answer:
    """Return the papers of a day, without the day, and with so many upvotes."""
    entries = [daily_entry(day, title) for title in titles_on(day)]
    for entry in entries:
        del entry["paper"]["submittedOnDailyAt"]
        entry["paper"]["upvotes"] = upvotes
    return Answer(json.dumps(entries).encode())


@pytest.mark.slow
@pytest.mark.parametrize("times_a_day", [1, 2])
def test_the_same_papers_with_other_upvotes_are_no_papers_of_another_day(
    engine: Engine, tmp_path: Path, times_a_day: int
) -> None:
    papers = DailyService({day: titles_on(day) for day in each_day(TODAY - 20 * A_DAY, 60)})
    with https_service({"/api/daily_papers": papers}) as service:
        config = config_with(tmp_path, {"daily": {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}})
        add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True), MORNING)
        fetch_at(engine, config, MORNING)
        for number in range(1, 6):
            papers.answer = answer_of(TODAY, 3 + number)
            for _ in range(times_a_day):
                fetch_at(engine, config, MORNING + number * A_DAY, "daily")
        stuck = MORNING + 5 * A_DAY
        assert source_health(engine, config, stuck)[0].health is Health.STALE
        counts = history_of(engine, "daily").days
        assert [day for day in each_day(TODAY + A_DAY, 5) if day in counts] == []
        assert counts[TODAY].papers == len(titles_on(TODAY))
        papers.answer = None
        fetch_at(engine, config, MORNING + 6 * A_DAY)
        expected = [title for day in each_day(TODAY + A_DAY, 6) for title in titles_on(day)]
        assert news_of(engine, config, MORNING + 6 * A_DAY, ANN) == sorted(expected)
        assert not source_health(engine, config, MORNING + 6 * A_DAY)[0].health.is_trouble


@pytest.mark.slow
def test_papers_of_the_right_day_count_for_it_although_they_have_no_date_and_other_upvotes(
    engine: Engine, tmp_path: Path
) -> None:
    papers = DailyService({day: titles_on(day) for day in each_day(TODAY - 20 * A_DAY, 60)})
    upvotes = count(40)

    def voted(asked: Asked) -> Answer:
        return answer_of(date.fromisoformat(parse_qs(asked.query)["date"][0]), next(upvotes))

    with https_service({"/api/daily_papers": papers}) as service:
        config = config_with(tmp_path, {"daily": {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}})
        fetch_at(engine, config, MORNING)
        service.scripts["/api/daily_papers"] = voted
        for number in range(1, 4):
            fetch_at(engine, config, MORNING + number * A_DAY)
    counts = history_of(engine, "daily").days
    assert [counts[day].papers for day in each_day(TODAY, 4)] == [len(titles_on(day)) for day in each_day(TODAY, 4)]
    assert [counts[day].is_complete for day in each_day(TODAY, 3)] == [True, True, True]
