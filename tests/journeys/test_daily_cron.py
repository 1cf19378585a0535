"""`notifier once` from cron, once a day: a failure is told on its first day, unless another try in the run heals it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fetched_sources import json_lines, write_config
from support.https_service import Answer, Asked, HttpsService, https_service
from support.service import MONDAY, run_notifier
from support.web_site import serve_pages

from notifier.config import load
from notifier.store import open_store

TUESDAY = MONDAY + timedelta(days=1)
FORBIDDEN = Answer(b"no", 403)
OPERATOR = "ops@example.org"


@pytest.fixture
def service() -> Iterator[HttpsService]:
    with https_service() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, service: HttpsService) -> Path:
    """Write a config with a source that is due at 06:00, and fetch it on Monday."""
    (tmp_path / "config.toml").write_text(f'[alerts]\nmail = ["{OPERATOR}"]\n', encoding="utf-8")
    write_config(tmp_path, service, lines={"url": "/papers.jsonl", "at": "06:00", "pause_seconds": 0})
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    assert once(tmp_path, MONDAY).exit_code == 0
    return tmp_path


@dataclass
class Failing:
    """Fails so many times, and then sends a paper."""

    times: int
    failure: Answer
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return self.failure if len(self.asked) <= self.times else Answer(json_lines("How Ants Walk at Night"))


@dataclass(frozen=True)
class Run:
    """The outcome of one run: its exit code, the source's report, and the lines of alerts."""

    exit_code: int
    source: dict[str, Any]
    alerts: list[str]


def once(folder: Path, now: datetime) -> Run:
    done = run_notifier("once", "--json", "--now", now.isoformat(), cwd=folder)
    (source,) = json.loads(done.stdout)["sources"]
    alerts = [line for line in done.stderr.splitlines() if line.startswith("notifier: source lines: ")]
    return Run(done.returncode, source, alerts)


def healthz(folder: Path, now: datetime) -> tuple[str, str]:
    """Return what /healthz says, and the foot of a page."""
    config = load(folder / "config.toml")
    engine = open_store(config.store_url)
    with serve_pages(engine, config, clock=lambda: now) as client:
        found = json.dumps(client.get("/healthz").json()), client.get("/").text
    engine.dispose()
    return found


@pytest.mark.parametrize(
    "failure",
    [
        FORBIDDEN,
        Answer(b"x", 404),
        Answer(b"<html><h1>Sign in</h1></html>"),
        Answer(b'{"error": "no key"}'),
        Answer(raw=[b""]),
    ],
    ids=["403", "404", "login", "no-dump", "closed"],
)
def test_a_source_that_fails_at_its_only_run_of_the_day_is_told_on_that_day(
    folder: Path, service: HttpsService, failure: Answer
) -> None:
    service.scripts["/papers.jsonl"] = failure
    run = once(folder, TUESDAY)
    assert (run.exit_code, run.source["status"]) == (1, "failed")
    (alert,) = run.alerts
    assert "it is broken since Tuesday, 2026-07-07: " in alert
    assert "It was tried 3 times, the last time at 06:00 UTC" in alert
    status = run_notifier("status", "--now", TUESDAY.isoformat(), cwd=folder).stdout
    assert "broken since Tuesday, 2026-07-07: " in status
    said, page = healthz(folder, TUESDAY)
    assert "degraded" in said
    assert "lines has not sent them as usual since 7 July 2026" in page
    mails = [path.read_text("utf-8") for path in (folder / "var" / "mail" / "new").iterdir()]
    assert [f"To: {OPERATOR}" in mail and "the source lines is broken" in mail for mail in mails] == [True]
    wednesday = TUESDAY + timedelta(days=1)
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Ants Walk at Night"))
    (alert,) = once(folder, wednesday).alerts
    assert "it is well again after a day; 1 paper came" in alert


@pytest.mark.parametrize("times", [1, 2])
def test_a_failure_that_another_try_heals_is_no_alarm(folder: Path, service: HttpsService, times: int) -> None:
    service.scripts["/papers.jsonl"] = failing = Failing(times, FORBIDDEN)
    run = once(folder, TUESDAY)
    assert (run.exit_code, run.source["status"], run.source["new"], run.alerts) == (0, "fetched", 1, [])
    assert len(failing.asked) == times + 1
    assert '"ok"' in healthz(folder, TUESDAY)[0]


def test_a_server_that_asks_to_wait_is_not_tried_again_and_is_told_when_nothing_does(
    folder: Path, service: HttpsService
) -> None:
    service.scripts["/papers.jsonl"] = failing = Failing(9, Answer(b"slow down", 429, {"Retry-After": "7200"}))
    run = once(folder, TUESDAY)
    assert (len(failing.asked), run.alerts) == (1, [])

    def status(hours: int) -> str:
        return run_notifier("status", "--now", (TUESDAY + timedelta(hours=hours)).isoformat(), cwd=folder).stdout

    assert "trying again at 08:00 UTC after a failure: HTTP 429" in status(0)
    assert "broken since Tuesday, 2026-07-07: HTTP 429" in status(4)
