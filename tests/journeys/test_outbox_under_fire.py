"""A sender that is killed, frozen, told to stop, or has no room to write: what arrives, and what arrives twice."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support.scripted_relay import ScriptedRelay
from support.service import clean_environment, notifier, plan_for, wait_until
from torture.random_kills import GROUP, LANES, kept, paced_relay, prepare

from notifier.config import load
from notifier.models import DeliveryState
from notifier.store.engine import reading
from notifier.store.schema import open_store
from notifier.store.tables import delivery

RATE = 50  # mails a second, so that there is always one on the wire


def python(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def sender(folder: Path, launcher: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """`notifier deliver`, as a process, started by a launcher where there is one."""
    command = [*launcher, sys.executable, "-m", "notifier", "deliver"]
    run = subprocess.Popen(command, cwd=folder, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    try:
        yield run
    finally:
        if run.poll() is None:
            run.kill()
        run.communicate()


def states(folder: Path) -> Counter[str]:
    """How many rows are in each state."""
    engine = open_store(load(folder / "config.toml").store_url)
    with reading(engine) as connection:
        found = Counter(state for (state,) in connection.execute(select(delivery.c.state)))
    engine.dispose()
    return found


def freeze(run: subprocess.Popen[str], folder: Path) -> None:
    """Stop a process at a moment at which it does not hold SQLite's one write lock: that would stop all others."""
    file = load(folder / "config.toml").store_url.removeprefix("sqlite:///")
    while True:
        run.send_signal(signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            run.send_signal(signal.SIGCONT)
            time.sleep(0.01)


def test_random_kills_lose_nothing_and_repeat_little(tmp_path: Path) -> None:
    done = python("-m", "torture.random_kills", "--mails", "240", "--kills", "8", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mails 240, kills 8" in done.stdout


def test_a_sender_killed_at_any_commit_loses_nothing_and_repeats_the_same_bytes(tmp_path: Path) -> None:
    done = python("-m", "torture.kills_at_commits", tmp_path, 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("killed before") >= 2
    assert done.stdout.count("killed after") >= 2


def test_a_sender_frozen_past_its_lease_repeats_only_what_it_had_on_the_wire(tmp_path: Path) -> None:
    log, readers = tmp_path / "relay.log", 160
    with paced_relay(log, RATE) as port:
        prepare(tmp_path, readers, port)
        with sender(tmp_path) as frozen:
            wait_until(lambda: len(kept(log)) >= 5)
            freeze(frozen, tmp_path)
            later = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
            other = notifier("deliver", "--json", "--now", later, cwd=tmp_path)
            assert other.returncode == 0, other.stderr
            frozen.send_signal(signal.SIGCONT)
            assert frozen.wait(timeout=60) == 0
        copies = Counter(message_id for message_id, _ in kept(log))
        contents = len(set(kept(log)))
    assert len(copies) == contents == readers
    assert copies.total() - readers <= LANES + GROUP
    assert states(tmp_path) == {"ACCEPTED": readers}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_what_is_on_the_wire_and_gives_the_rest_back(tmp_path: Path, number: int) -> None:
    log, readers, moments = tmp_path / "relay.log", 150, random.Random(number)
    with paced_relay(log, RATE) as port:
        prepare(tmp_path, readers, port)
        for _ in range(4):
            start = len(kept(log))
            with sender(tmp_path) as run:
                wait_until(lambda start=start: len(kept(log)) > start)  # type: ignore[misc]
                time.sleep(moments.random() / 2)
                run.send_signal(number)
                assert run.wait(timeout=60) == 0
            assert set(states(tmp_path)) <= {"ACCEPTED", "PENDING"}
        assert notifier("deliver", cwd=tmp_path).returncode == 0
        copies = Counter(message_id for message_id, _ in kept(log))
    assert (len(copies), copies.total()) == (readers, readers), "nothing lost, nothing twice"


def test_four_senders_at_once_send_each_mail_once(tmp_path: Path) -> None:
    log, readers = tmp_path / "relay.log", 400
    with paced_relay(log, 0) as port:
        prepare(tmp_path, readers, port)
        command = [sys.executable, "-m", "notifier", "deliver", "--json"]
        runs = [
            subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        reports = [json.loads(run.communicate()[0]) for run in runs]
        copies = Counter(message_id for message_id, _ in kept(log))
    assert sum(report["accepted"] for report in reports) == readers
    assert (len(copies), copies.total()) == (readers, readers)


# A process without large files: its write-ahead log stays small, and then fails as on a broken disk.
NO_LARGE_FILES = ("prlimit", "--fsize=160000")


def test_a_disk_that_fails_is_one_sentence_stops_the_mail_and_loses_nothing(tmp_path: Path) -> None:
    readers = 200  # whose results, however they are grouped, take more than that
    with ScriptedRelay() as relay:
        plan_for(readers, tmp_path, relay.port)
        with sender(tmp_path, NO_LARGE_FILES) as run:
            _, said = run.communicate(timeout=60)
        sent = len(relay.kept)
        assert run.returncode == 1
        assert said.startswith("notifier: the database answers")
        assert said.count("\n") == 1
        assert sent < readers, "it stopped"
        last = notifier("deliver", "--json", cwd=tmp_path)
        assert last.returncode == 0, last.stderr
        copies = Counter((kept.recipient, kept.content) for kept in relay.kept)
    assert len(copies) == readers
    assert copies.total() - readers <= LANES + GROUP


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], check=False)
    if mount.returncode:
        pytest.skip("a disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_one_sentence_and_once_there_is_room_all_mail_arrives(small_disk: Path) -> None:
    with ScriptedRelay() as relay:
        plan_for(300, small_disk, relay.port)
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                os.truncate(filler, max(0, filler.stat().st_size - 150_000))
        full = notifier("deliver", cwd=small_disk)
        assert (full.returncode, full.stderr.count("\n")) == (1, 1)
        assert "make room" in full.stderr
        filler.unlink()
        assert notifier("deliver", cwd=small_disk).returncode == 0
        copies = Counter((kept.recipient, kept.content) for kept in relay.kept)
    assert len(copies) == 300
    assert copies.total() - 300 <= LANES + GROUP
    assert states(small_disk) == {DeliveryState.ACCEPTED: 300}
