"""The status: its counts, and the difference between a day without papers and a day without dumps."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine
from support.service import MONDAY, SEEDS, add_subscriber, ingest_page

from notifier.config import Config, WebConfig
from notifier.operations.status import service_status
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.planning import plan
from notifier.subscribers.subscribing import SignUp

CONFIG = Config()


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
