"""SIGKILL in the middle of planning: each digest is planned once and completely, and the next run plans the rest."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import copytree

from sqlalchemy import Engine, text
from support.service import MONDAY, clean_environment, ingest_page, open_simulated_store, open_store_in, run_notifier

from notifier.config import Config, load
from notifier.store import reading
from notifier.store.engine import writing
from notifier.store.subscriptions import NewSubscription
from notifier.subscribers.subscribing import CheckedSignUp, sign_up_all

SUBSCRIBERS = 3000  # six commits
KILLS = 4
AT_EIGHT = "2026-07-06T08:00:00+00:00"
QUERIES = ("quantization", "mixture expert", "(survey OR mixture) -speech", '"quantized network"', "speech")
TITLES = ("Quantization of Large Models", "Mixture of Experts at Scale", "A Survey of Quantized Networks", "On Speech")

PlannedDigests = list[tuple[str, str, str]]


def test_planning_that_is_killed_halfway_is_continued_by_the_next_run(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    fill(undisturbed)
    copytree(undisturbed, killed)
    assert run_notifier("plan", "--now", AT_EIGHT, cwd=undisturbed).returncode == 0
    expected = planned(undisturbed)
    assert len(expected) == SUBSCRIBERS

    stopped_at = [kill_while_planning(killed, kill * SUBSCRIBERS // (KILLS + 2)) for kill in range(1, KILLS + 1)]
    assert any(0 < count < SUBSCRIBERS for count in stopped_at), "no kill happened in the middle of planning"
    assert run_notifier("plan", "--now", AT_EIGHT, cwd=killed).returncode == 0
    assert planned(killed) == expected


def fill(folder: Path) -> None:
    folder.mkdir()
    (folder / "config.toml").write_text("", encoding="utf-8")
    engine = open_simulated_store(load(folder / "config.toml").store_url)
    subscriptions = [NewSubscription(query, query) for query in QUERIES]
    requests = [
        CheckedSignUp(
            f"subscriber{number}@example.org",
            (subscriptions[number % 5], subscriptions[number // 5 % 5]),
            confirmed=True,
        )
        for number in range(SUBSCRIBERS)
    ]
    with writing(engine) as connection:
        sign_up_all(connection, requests, Config().digest, MONDAY)
    ingest_page(engine, folder, TITLES)
    engine.dispose()


def kill_while_planning(folder: Path, after: int) -> int:
    """Kill a run soon after the store has `after` digests, and return how many the store has then."""
    command = [sys.executable, "-m", "notifier", "plan", "--now", AT_EIGHT]
    with subprocess.Popen(command, cwd=folder, env=clean_environment(), stdout=subprocess.DEVNULL) as run:
        engine = open_store_in(folder)
        while run.poll() is None and len(planned_in(engine)) < after:
            time.sleep(0.005)
        run.send_signal(signal.SIGKILL)
        engine.dispose()
    return len(planned(folder))


def planned(folder: Path) -> PlannedDigests:
    """Return the recipient, period and items of every digest."""
    engine = open_store_in(folder)
    found = planned_in(engine)
    engine.dispose()
    return found


def planned_in(engine: Engine) -> PlannedDigests:
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT recipient, period, items FROM delivery")).all()
    return sorted(tuple(row) for row in rows)
