"""A server that answers each day with the papers of one day: the days are not taken as whole, and are made up for."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

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
from support.https_service import Answer, https_service
from support.service import MONDAY, add_subscriber

from notifier.arrivals import source_health
from notifier.models import Health
from notifier.subscribers import SignUp

ANN = "ann@example.org"
A_DAY = timedelta(days=1)
TODAY = MONDAY.date()
MORNING = MONDAY.replace(hour=9)


def test_days_that_were_answered_with_papers_of_another_day_are_fetched_again(engine: Engine, tmp_path: Path) -> None:
    papers = DailyService({day: titles_on(day) for day in each_day(TODAY - 20 * A_DAY, 60)})
    days = each_day(TODAY, 9)
    with https_service({"/api/daily_papers": papers}) as service:
        config = config_with(tmp_path, {"daily": {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}})
        add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True), MORNING)
        fetch_at(engine, config, MORNING)
        papers.answer = Answer(json.dumps([daily_entry(TODAY, title) for title in titles_on(TODAY)]).encode())
        for number in range(1, 8):
            fetch_at(engine, config, MORNING + number * A_DAY)
        stuck = MORNING + 7 * A_DAY
        assert source_health(engine, config, stuck)[0].health is Health.STALE
        assert "the same document since Monday" in source_health(engine, config, stuck)[0].sentence
        assert days[1] not in history_of(engine, "daily").days
        papers.answer = None
        fetch_at(engine, config, MORNING + 8 * A_DAY)
        assert not source_health(engine, config, MORNING + 8 * A_DAY)[0].is_trouble
        expected = [title for day in each_day(TODAY + 2 * A_DAY, 7) for title in titles_on(day)]
        assert news_of(engine, config, MORNING + 8 * A_DAY, ANN) == sorted(expected)
        assert sorted(history_of(engine, "daily").days)[-9:] == list(days)
