"""The foot of each page, and /healthz, say when papers may be missing; nothing else changes because of that."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.outbox import SettableClock
from support.source_histories import ARXIV_WEEK, failing, fetched, instant, weekly
from support.stored_sources import config_with, store_history
from support.visitors import parsed
from support.web_site import serve_pages

from notifier.arrivals import source_health
from notifier.models import Health
from notifier.pipeline import ingest

SECRET = (
    "https://user:hunter2@example.org/feed?token=hunter2 answered 403, kept in /srv/hunter2/refused.txt.gz; mend it"
)
NOW = instant(25)
PAST = weekly(ARXIV_WEEK, 26)
DUMP = "Bees in the City\nWe study bees in depth. Our experiments show that the method works well.\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return the engine of a new store, in each kind of database."""
    found: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return found


def foot(answer: httpx.Response) -> list[str]:
    """Return the lines of the foot of a page, without the last one, which names the mailbox."""
    lines = parsed(answer).xpath("//footer/p")
    return [" ".join(line.text_content().split()) for line in lines][:-1]


def test_while_all_is_well_the_foot_says_when_the_newest_papers_came(store: Engine, tmp_path: Path) -> None:
    config = config_with("arxiv").located_in(tmp_path)
    clock = SettableClock(NOW)
    store_history(store, fetched(PAST, NOW))
    with serve_pages(store, config, clock=clock) as client:
        assert foot(client.get("/")) == []
        (tmp_path / "dump.txt").write_text(DUMP, encoding="utf-8")
        ingest(store, tmp_path / "dump.txt", None, NOW)
        clock.now = instant(25, 21)
        assert foot(client.get("/")) == ["The newest papers came on 27 November 2026."]
        assert client.get("/healthz").json() == {"status": "ok"}


def test_a_broken_source_is_told_to_readers_in_one_line_without_its_problem(store: Engine, tmp_path: Path) -> None:
    config = config_with("arxiv", "daily", "other").located_in(tmp_path)
    store_history(store, failing(PAST, NOW, instant(22), 9, SECRET))
    with serve_pages(store, config, clock=lambda: NOW) as client:
        for path in ("/", "/feeds", "/nowhere"):
            answer = client.get(path)
            assert foot(answer) == [
                "Some papers may be missing: arxiv has not sent them as usual since 24 November 2026."
            ]
            assert "hunter2" not in answer.text
            assert "403" not in answer.text


def test_healthz_is_degraded_but_answers_200_and_shows_no_secret(store: Engine, tmp_path: Path) -> None:
    config = config_with("arxiv", "daily").located_in(tmp_path)
    store_history(store, failing(PAST, NOW, instant(22), 9, SECRET))
    with serve_pages(store, config, clock=lambda: NOW) as client:
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        "sources": {
            "arxiv": "broken since Tuesday, 2026-11-24: https://example.org/feed answered 403, kept in refused.txt.gz"
        },
    }


def test_a_quiet_or_new_source_degrades_nothing(store: Engine, tmp_path: Path) -> None:
    config = config_with("arxiv", "daily").located_in(tmp_path)
    saturday = instant(26)
    store_history(store, fetched(PAST, saturday))
    assert [each.health for each in source_health(store, config, saturday)] == [Health.QUIET, Health.NEW]
    with serve_pages(store, config, clock=lambda: saturday) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert foot(client.get("/")) == []
