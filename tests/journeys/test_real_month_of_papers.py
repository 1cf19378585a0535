"""A real month of daily papers with three days of failures: each paper comes once, and no ordinary day is an alarm."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.fetched_sources import config_with, fetch_at
from support.https_service import https_service
from support.month_of_papers import FORBIDDEN, Entries, PapersService
from support.planned_papers import digests_of, plan_and_accept
from support.service import add_subscriber

from notifier.arrivals import source_health
from notifier.subscribers import SignUp

FIRST, LAST = date(2025, 12, 1), date(2025, 12, 31)
FORBIDDEN_DAYS = (date(2025, 12, 16), date(2025, 12, 17), date(2025, 12, 18))
ANN = "ann@example.org"


@pytest.fixture(scope="module")
def entries() -> dict[date, Entries]:
    """Return the entries of each real day."""
    root = os.environ.get("NOTIFIER_REAL_DATA")
    if not root:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    files = {date.fromisoformat(file.stem): file for file in Path(root, "hf_daily").glob("2025-1[12]-*.json")}
    return {day: json.loads(file.read_text("utf-8")) for day, file in files.items()}


def folded(title: str) -> str:
    return " ".join(title.split()).casefold()


def test_a_real_month_brings_each_paper_once_and_no_false_alarm(
    entries: dict[date, Entries], engine: Engine, tmp_path: Path
) -> None:
    papers = PapersService(entries, FIRST, lambda today: FORBIDDEN if today in FORBIDDEN_DAYS else None)
    troubled: list[date] = []
    with https_service({"/api/daily_papers": papers}) as service:
        table = {"preset": "huggingface", "url": service.url(""), "pause_seconds": 0}
        config = config_with(tmp_path, {"daily": table})
        config = config.model_copy(update={"digest": config.digest.model_copy(update={"papers": 200})})
        morning = datetime.combine(FIRST, time(8, 5), UTC)
        sign_up = SignUp(ANN, topics=("all",), confirmed=True)
        add_subscriber(engine, sign_up, morning - timedelta(days=1), config)
        for number in range((LAST - FIRST).days + 1):
            now = morning + timedelta(days=number)
            papers.today = now.date()
            fetch_at(engine, config, now)
            plan_and_accept(engine, config, now)
            if source_health(engine, config, now)[0].health.is_trouble:
                troubled.append(now.date())
    got = Counter(folded(title) for _, titles in digests_of(engine, ANN) for title in titles)
    assert got.total() == len(got), "a paper came twice"
    archived = {folded(each["paper"]["title"]) for day, listed in entries.items() if day <= FIRST for each in listed}
    listed = {
        folded(each["paper"]["title"]) for day, listed in entries.items() if FIRST < day <= LAST for each in listed
    }
    assert len(listed - archived - set(got)) <= len(listed) // 50  # titles that cleaning changes
    assert len(got) == len(listed - archived)
    assert troubled == list(FORBIDDEN_DAYS[1:])
