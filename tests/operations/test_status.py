"""The status: its counts, and the difference between a day without papers and a day without dumps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine
from support.service import MONDAY, SEEDS, add_subscriber, ingest_page, open_simulated_store, run_notifier
from support.source_histories import ARXIV_WEEK, day, failing, fetched, instant, weekly
from support.stored_sources import config_with, store_history

from notifier.config import Config, WebConfig
from notifier.models import DayCount
from notifier.operations.status import service_status
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.planning import plan
from notifier.subscribers.subscribing import SignUp

CONFIG = Config()
TWO_SOURCES = """\
[sources.arxiv]
preset = "arxiv"
categories = ["cs.LG"]

[sources.daily]
preset = "huggingface"
"""


def test_status_distinguishes_a_day_without_papers_from_a_day_without_dumps(engine: Engine, tmp_path: Path) -> None:
    def news(days: float) -> str:
        return service_status(engine, CONFIG, MONDAY + timedelta(days=days)).news

    titles = ["How Bees Fly at Night", "About Something Else"]
    assert news(0) == "no dump yet"
    ingest_page(engine, tmp_path, titles)
    assert news(0.1) == "2 new papers today"
    assert news(2) == "no dump since Monday, 2026-07-06"
    ingest_page(engine, tmp_path, [*reversed(titles)], now=MONDAY + timedelta(days=2))
    assert news(2.1) == "dumps came today, but no new papers"


def test_status_counts_papers_subscribers_and_deliveries_and_lists_quarantined_files(
    engine: Engine, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.bin"
    noise.write_bytes(b"\x00\x01\x02")
    ingest(engine, noise, None, MONDAY)
    ingest(engine, SEEDS[1], None, MONDAY)
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    plan(engine, CONFIG, MONDAY.replace(hour=8))
    found = service_status(engine, CONFIG, MONDAY)
    assert (found.papers, found.subscribers, found.deliveries) == (94, {"ACTIVE": 1}, {"PENDING": 1})
    assert [each.path for each in found.quarantine] == [str(noise)]
    assert found.last_dump is not None
    assert found.last_dump.name == SEEDS[1].name
    assert found.next_run == MONDAY.replace(hour=8) + timedelta(days=1)


def test_status_says_that_links_travel_in_clear_text(engine: Engine) -> None:
    def clear_text(url: str) -> str:
        return service_status(engine, CONFIG.model_copy(update={"web": WebConfig(base_url=url)}), MONDAY).clear_text

    assert clear_text("http://papers.example.org") == "http://papers.example.org"
    assert clear_text("https://papers.example.org") == clear_text("http://127.0.0.1:8000") == clear_text("") == ""


def test_status_tells_a_quiet_source_from_a_stale_and_a_broken_one(engine: Engine) -> None:
    now = instant(26)  # a Saturday
    config = config_with("arxiv", "quiet", "stale", "new")
    past = weekly(ARXIV_WEEK, 26)
    store_history(engine, failing(past, now, instant(22), 9, "HTTP 403"))
    store_history(engine, replace(fetched(past, now), name="quiet"))
    store_history(engine, replace(fetched(past | {day(25): DayCount(9)}, now), name="stale"))
    assert [(each.name, each.health, each.sentence) for each in service_status(engine, config, now).sources] == [
        ("arxiv", "broken", "broken since Tuesday, 2026-11-24: HTTP 403"),
        ("quiet", "quiet", "quiet: usually no papers on a Saturday; 200 papers on Friday, 2026-11-27"),
        ("stale", "stale", "stale: 9 of the usual 200 papers on Friday, 2026-11-27"),
        ("new", "new", "not fetched yet; run `notifier fetch`"),
    ]


def test_the_command_prints_each_source_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TWO_SOURCES, encoding="utf-8")
    now = instant(22)
    engine = open_simulated_store(f"sqlite:///{tmp_path}/var/notifier.db")
    store_history(
        engine, failing(weekly(ARXIV_WEEK, 22), now, instant(21, 1), 9, "https://a.example/x?key=s answered 403")
    )
    engine.dispose()
    text = run_notifier("status", "--now", now.isoformat(), cwd=tmp_path).stdout
    assert (
        "sources      arxiv  broken since Monday, 2026-11-23: https://a.example/x answered 403\n"
        "                    It was tried 9 times, the last time at 20:00 UTC; the next try is due at 02:00 UTC on "
        "Wednesday, 2026-11-25. `notifier fetch arxiv` tries it now and says more\n"
        "             daily  not fetched yet; run `notifier fetch`\n"
    ) in text
    found = json.loads(run_notifier("status", "--now", now.isoformat(), "--json", cwd=tmp_path).stdout)["sources"]
    assert [(each["name"], each["health"]) for each in found] == [("arxiv", "broken"), ("daily", "new")]
    assert found[0]["since"] == "2026-11-23"
    assert found[0]["usual"] == 250
