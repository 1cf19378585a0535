"""kill -9 in the middle of planning: whoever is planned is planned once and whole, and the next run plans the rest."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from shutil import copytree

from support.service import MONDAY, add_page, clean_environment, notifier

from notifier.config import Config, load
from notifier.store.engine import writing
from notifier.store.schema import open_store
from notifier.store.subscriptions import NewSubscription
from notifier.subscribers.subscribing import CheckedSignUp, sign_up_all

READERS = 3000  # six commits
KILLS = 4
AT_EIGHT = "2026-07-06T08:00:00+00:00"
TASTES = ("quantization", "mixture expert", "(survey OR mixture) -speech", '"quantized network"', "speech")
TITLES = ("Quantization of Large Models", "Mixture of Experts at Scale", "A Survey of Quantized Networks", "On Speech")

PlanReport = list[tuple[str, str, str]]


def test_planning_that_is_killed_half_way_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    fill(whole)
    copytree(whole, killed)
    assert notifier("plan", "--now", AT_EIGHT, cwd=whole).returncode == 0
    expected = planned(whole)
    assert len(expected) == READERS

    stopped_at = [kill_while_planning(killed, kill * READERS // (KILLS + 2)) for kill in range(1, KILLS + 1)]
    assert any(0 < count < READERS for count in stopped_at), "no kill fell into the middle"
    assert notifier("plan", "--now", AT_EIGHT, cwd=killed).returncode == 0
    assert planned(killed) == expected


def fill(folder: Path) -> None:
    folder.mkdir()
    (folder / "config.toml").write_text("", encoding="utf-8")
    engine = open_store(load(folder / "config.toml").store_url)
    wishes = [NewSubscription(taste, taste) for taste in TASTES]
    requests = [
        CheckedSignUp(f"reader{number}@example.org", (wishes[number % 5], wishes[number // 5 % 5]), confirmed=True)
        for number in range(READERS)
    ]
    with writing(engine) as connection:
        sign_up_all(connection, requests, Config().digest, MONDAY)
    add_page(engine, folder, TITLES)
    engine.dispose()


def kill_while_planning(folder: Path, after: int) -> int:
    """Kill a run once it has planned so many readers, or as soon after that as can be; returns how many it had."""
    command = [sys.executable, "-m", "notifier", "plan", "--now", AT_EIGHT]
    with subprocess.Popen(command, cwd=folder, env=clean_environment(), stdout=subprocess.DEVNULL) as run:
        while run.poll() is None and len(planned(folder)) < after:
            time.sleep(0.005)
        run.send_signal(signal.SIGKILL)
    return len(planned(folder))


def planned(folder: Path) -> PlanReport:
    """Recipient, period and items of every digest."""
    connection = sqlite3.connect(folder / "var" / "notifier.db", timeout=30)
    with connection:
        rows = connection.execute("SELECT recipient, period, items FROM delivery ORDER BY recipient, period").fetchall()
    connection.close()
    return rows
