"""Fetching by processes: two at once, one that is killed, and the service."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, func, select
from support.fetched_sources import fetch_at, history_of, json_lines, kept_in, news_of, write_config
from support.https_service import Answer, Asked, HttpsService, https_service
from support.service import (
    MONDAY,
    add_subscriber,
    clean_environment,
    free_ports,
    open_simulated_store,
    run_notifier,
    wait_until,
)

from notifier.config import load
from notifier.store.engine import reading, writing
from notifier.store.tables import paper
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
NOW = MONDAY.isoformat()


class Held:
    """An answer that comes when the test releases it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked = Event()
        self.released = Event()

    def __call__(self, _asked: Asked) -> Answer:
        self.asked.set()
        assert self.released.wait(60)
        return self.answer


@pytest.fixture
def service() -> Iterator[HttpsService]:
    with https_service() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, service: HttpsService) -> Iterator[Engine]:
    """Write a config with the source `lines`, and open its store, in which somebody has subscribed."""
    write_config(tmp_path, service, lines={"url": "/papers.jsonl", "pause_seconds": 0})
    engine = open_simulated_store(load(tmp_path / "config.toml").store_url)
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    yield engine
    engine.dispose()


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "notifier", *arguments],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_do_not_fetch_a_source_at_once(store: Engine, service: HttpsService, tmp_path: Path) -> None:
    held = Held(Answer(json_lines("How Bees Fly at Night")))
    service.scripts["/papers.jsonl"] = held
    with begin(tmp_path, "fetch", "--now", NOW) as first:
        assert held.asked.wait(60)
        second = run_notifier("fetch", "lines", "--now", NOW, cwd=tmp_path)
        held.released.set()
        output, _ = first.communicate(timeout=60)
    assert (second.returncode, "another process fetches it now" in second.stdout) == (0, True)
    assert (first.returncode, "fetched" in output) == (0, True)
    assert len(service.requests) == 1
    assert history_of(store, "lines").last_succeeded_at is not None


def test_a_kill_between_fetch_and_ingest_loses_nothing(store: Engine, service: HttpsService, tmp_path: Path) -> None:
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    config = load(tmp_path / "config.toml")
    fetch_at(store, config, MONDAY)
    held = Held(Answer(json_lines("How Ants Walk at Night"), headers={"ETag": '"2"'}))
    service.scripts["/papers.jsonl"] = held
    later = MONDAY + timedelta(minutes=30)
    with begin(tmp_path, "fetch", "lines", "--now", later.isoformat()) as killed:
        assert held.asked.wait(60)
        with writing(store):  # so that the document can be kept, and not ingested
            held.released.set()
            wait_until(lambda: len(kept_in(tmp_path, "lines")) == 2)
            killed.kill()
            killed.wait()
    service.scripts["/papers.jsonl"] = lambda asked: (
        Answer(status=304) if "if-none-match" in asked.headers else held.answer
    )
    report = fetch_at(store, config, later, "lines")
    assert report
    assert (report.status, report.new) == ("fetched", 1)
    assert news_of(store, config, MONDAY.replace(hour=8), ANN) == ["How Ants Walk at Night"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_signal_during_a_slow_fetch_ends_it_and_the_next_run_takes_the_papers_once(
    store: Engine, service: HttpsService, tmp_path: Path, number: signal.Signals
) -> None:
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    config = load(tmp_path / "config.toml")
    fetch_at(store, config, MONDAY)
    held = Held(Answer(json_lines("How Ants Walk at Night")))
    service.scripts["/papers.jsonl"] = held
    later = MONDAY + timedelta(minutes=30)
    with begin(tmp_path, "fetch", "lines", "--now", later.isoformat()) as run:
        assert held.asked.wait(60)
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "Traceback" not in said
    held.released.set()
    assert history_of(store, "lines").failures == 0
    report = fetch_at(store, config, later, "lines")
    assert report
    assert (report.status, report.new) == ("fetched", 1)
    assert news_of(store, config, MONDAY.replace(hour=8), ANN) == ["How Ants Walk at Night"]


@pytest.mark.slow
@pytest.mark.parametrize("pieces", range(1, 12, 2))
def test_a_kill_at_any_moment_of_a_fetch_loses_and_repeats_nothing(
    store: Engine, service: HttpsService, tmp_path: Path, pieces: int
) -> None:
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    config = load(tmp_path / "config.toml")
    fetch_at(store, config, MONDAY)
    titles = [f"How Ants Walk on the {part}th Path" for part in range(300)]
    asked = Event()

    def answer(_asked: Asked) -> Answer:
        asked.set()
        return Answer(json_lines(*titles))

    service.scripts["/papers.jsonl"] = answer
    later = MONDAY + timedelta(minutes=30)
    with begin(tmp_path, "fetch", "lines", "--now", later.isoformat()) as killed:
        assert asked.wait(60)
        time.sleep(pieces / 20)
        killed.kill()
        killed.wait()
    report = fetch_at(store, config, later, "lines")
    assert report
    assert report.problem is None
    got = [each for hour in (8, 32, 56, 80) for each in news_of(store, config, MONDAY + timedelta(hours=hour), ANN)]
    assert len(got) == len(set(got)) > 0
    with reading(store) as connection:
        assert connection.scalar(select(func.count()).select_from(paper)) == len(titles) + 1


def test_a_kill_after_ingest_repeats_nothing(store: Engine, service: HttpsService, tmp_path: Path) -> None:
    service.scripts["/papers.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    with begin(tmp_path, "fetch", "--now", NOW) as killed:
        wait_until(lambda: history_of(store, "lines").days or killed.poll() is not None)
        killed.kill()
        killed.wait()
    report = fetch_at(store, load(tmp_path / "config.toml"), MONDAY, "lines")
    assert report
    assert (report.new, report.problem) == (0, None)


def test_the_service_fetches_and_stops_while_a_server_hangs(tmp_path: Path, service: HttpsService) -> None:
    service.scripts["/quick.jsonl"] = Answer(json_lines("How Bees Fly at Night"))
    slow = Held(Answer(json_lines("How Ants Walk at Night")))
    service.scripts["/slow.jsonl"] = slow
    write_config(tmp_path, service, quick={"url": "/quick.jsonl"}, slow={"url": "/slow.jsonl"})
    environment = clean_environment() | {"NOTIFIER_WEB__PORT": str(free_ports(1)[0])}
    run = subprocess.Popen(
        [sys.executable, "-m", "notifier", "serve"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert slow.asked.wait(60)
        dumps = tmp_path / "var" / "dumps"
        (tmp_path / "page.jsonl").write_bytes(json_lines("How Wasps Dive at Night"))
        (tmp_path / "page.jsonl").rename(dumps / "page.jsonl")
        wait_until((tmp_path / "var" / "done" / "page.jsonl").exists)
        run.terminate()
        _, log = run.communicate(timeout=60)
    finally:
        slow.released.set()
        run.kill()
        run.communicate()
    assert run.returncode == 0, log
    assert "source quick: 1 papers, 1 of them new" in log
    assert "stopped" in log


@pytest.mark.usefixtures("store")
def test_once_fetches_before_it_ingests_and_only_a_new_problem_is_a_failure(
    service: HttpsService, tmp_path: Path
) -> None:
    service.scripts["/papers.jsonl"] = Answer(b"gone", 404)
    runs = [
        run_notifier("once", "--json", "--now", (MONDAY + number * timedelta(hours=1)).isoformat(), cwd=tmp_path)
        for number in range(2)
    ]
    assert [run.returncode for run in runs] == [1, 0]
    documents = [json.loads(run.stdout) for run in runs]
    assert [each["sources"][0]["status"] for each in documents] == ["failed", "failed"]
    assert "404" in documents[1]["sources"][0]["problem"]
    assert documents[1]["plan"] is not None
