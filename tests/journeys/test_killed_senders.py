"""A sender that is killed, frozen, told to stop, or has a full disk: which mails arrive, and which arrive twice."""

from __future__ import annotations

import json
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
from threading import Event, Thread

import pytest
from sqlalchemy import select
from support.disks import fill
from support.scripted_relay import ScriptedRelay
from support.service import clean_environment, open_store_in, plan_digests, run_notifier, wait_until
from torture.random_kills import CONNECTIONS, GROUP_SIZE, kept_mails, paced_relay, prepare

from notifier.config import load
from notifier.models import DeliveryState
from notifier.store.engine import reading
from notifier.store.tables import delivery

RATE = 50  # mails per second; slow enough that there is always a mail on the wire


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
    """Run `notifier deliver` as a process, started by a launcher if one is given."""
    command = [*launcher, sys.executable, "-m", "notifier", "deliver"]
    run = subprocess.Popen(command, cwd=folder, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    try:
        yield run
    finally:
        if run.poll() is None:
            run.kill()
        run.communicate()


def states(folder: Path) -> Counter[str]:
    """Return how many rows are in each state."""
    engine = open_store_in(folder)
    with reading(engine) as connection:
        counts = Counter(state for (state,) in connection.execute(select(delivery.c.state)))
    engine.dispose()
    return counts


def freeze(run: subprocess.Popen[str], folder: Path) -> None:
    """Stop a process while it does not hold SQLite's write lock; with the lock, it would block all other processes."""
    url = load(folder / "config.toml").store_url
    if not url.startswith("sqlite:///"):
        run.send_signal(signal.SIGSTOP)
        return
    file = url.removeprefix("sqlite:///")
    while True:
        run.send_signal(signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            run.send_signal(signal.SIGCONT)
            time.sleep(0.01)


def test_random_kills_lose_no_mail_and_repeat_few(tmp_path: Path) -> None:
    done = python("-m", "torture.random_kills", "--mails", "240", "--kills", "8", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mails 240, kills 8" in done.stdout


def test_a_sender_killed_at_any_commit_loses_no_mail_and_without_a_new_dump_repeats_the_same_bytes(
    tmp_path: Path,
) -> None:
    done = python("-m", "torture.kills_at_commits", tmp_path, 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("killed before") >= 2
    assert done.stdout.count("killed after") >= 2


def test_a_sender_frozen_for_longer_than_its_lease_repeats_only_uncommitted_mails(tmp_path: Path) -> None:
    log, mails = tmp_path / "relay.log", 160
    with paced_relay(log, RATE) as port:
        prepare(tmp_path, mails, port)
        with sender(tmp_path) as frozen:
            wait_until(lambda: len(kept_mails(log)) >= 5)
            freeze(frozen, tmp_path)
            later = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
            other = run_notifier("deliver", "--json", "--now", later, cwd=tmp_path)
            assert other.returncode == 0, other.stderr
            frozen.send_signal(signal.SIGCONT)
            assert frozen.wait(timeout=60) == 0
        copies = Counter(message_id for message_id, _ in kept_mails(log))
        contents = len(set(kept_mails(log)))
    assert len(copies) == contents == mails
    assert copies.total() - mails <= CONNECTIONS + GROUP_SIZE
    assert states(tmp_path) == {"ACCEPTED": mails}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_sender_that_is_told_to_stop_finishes_the_mail_on_the_wire_and_releases_the_rest(
    tmp_path: Path, number: int
) -> None:
    log, mails, moments = tmp_path / "relay.log", 150, random.Random(number)
    with paced_relay(log, RATE) as port:
        prepare(tmp_path, mails, port)
        for _ in range(4):
            start = len(kept_mails(log))
            with sender(tmp_path) as run:
                wait_until(lambda start=start: len(kept_mails(log)) > start)  # type: ignore[misc]
                time.sleep(moments.random() / 2)
                run.send_signal(number)
                assert run.wait(timeout=60) == 0
            assert set(states(tmp_path)) <= {"ACCEPTED", "PENDING"}
        assert run_notifier("deliver", cwd=tmp_path).returncode == 0
        copies = Counter(message_id for message_id, _ in kept_mails(log))
    assert (len(copies), copies.total()) == (mails, mails), "no mail is lost or sent twice"


def test_four_simultaneous_senders_send_each_mail_once(tmp_path: Path) -> None:
    log, mails = tmp_path / "relay.log", 400
    with paced_relay(log, 0) as port:
        prepare(tmp_path, mails, port)
        command = [sys.executable, "-m", "notifier", "deliver", "--json"]
        runs = [
            subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        reports = [json.loads(run.communicate()[0]) for run in runs]
        copies = Counter(message_id for message_id, _ in kept_mails(log))
    assert sum(report["accepted"] for report in reports) == mails
    assert (len(copies), copies.total()) == (mails, mails)


# Writes to the write-ahead log fail when it reaches this size, as on a broken disk.
FILE_SIZE_LIMIT = ("prlimit", "--fsize=160000")


def test_if_the_disk_fails_the_run_ends_with_one_sentence_and_no_mail_is_lost(tmp_path: Path) -> None:
    mails = 200  # the results of so many mails need more space than the limit, however the results are grouped
    with ScriptedRelay() as relay:
        plan_digests(mails, tmp_path, relay.port)
        with sender(tmp_path, FILE_SIZE_LIMIT) as run:
            _, errors = run.communicate(timeout=60)
        sent = len(relay.kept)
        assert run.returncode == 1
        assert errors.startswith("notifier: the database reports")
        assert errors.count("\n") == 1
        assert sent < mails, "the run ended early"
        last = run_notifier("deliver", "--json", cwd=tmp_path)
        assert last.returncode == 0, last.stderr
        copies = Counter((kept.recipient, kept.content) for kept in relay.kept)
    assert len(copies) == mails
    assert copies.total() - mails <= CONNECTIONS + GROUP_SIZE


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a disk of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], check=False)
    if mount.returncode:
        pytest.skip("a disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_if_the_disk_is_full_the_run_ends_with_one_sentence_and_a_later_run_sends_all_mail(small_disk: Path) -> None:
    with ScriptedRelay() as relay:
        plan_digests(300, small_disk, relay.port)
        filler = fill(small_disk, left=150_000)
        full = run_notifier("deliver", cwd=small_disk)
        assert (full.returncode, full.stderr.count("\n")) == (1, 1)
        assert "make room" in full.stderr
        filler.unlink()
        assert run_notifier("deliver", cwd=small_disk).returncode == 0
        copies = Counter((kept.recipient, kept.content) for kept in relay.kept)
    assert len(copies) == 300
    assert copies.total() - 300 <= CONNECTIONS + GROUP_SIZE
    assert states(small_disk) == {DeliveryState.ACCEPTED: 300}


@pytest.mark.parametrize("left", [0, 50_000, 150_000, 1_000_000, 4_000_000])
def test_if_the_disk_is_nearly_full_no_mail_is_sent_and_a_later_run_sends_each_mail_once(
    small_disk: Path, left: int
) -> None:
    with ScriptedRelay() as relay:
        plan_digests(140, small_disk, relay.port)
        filler = fill(small_disk, left)
        for _ in range(3):
            full = run_notifier("deliver", cwd=small_disk)
            assert (full.returncode, full.stderr.count("\n")) == (1, 1)
            assert "full" in full.stderr
            assert "make room" in full.stderr
        assert relay.kept == []
        filler.unlink()
        assert run_notifier("deliver", cwd=small_disk).returncode == 0
        copies = Counter((kept.recipient, kept.content) for kept in relay.kept)
    assert (len(copies), copies.total()) == (140, 140)


def test_if_the_disk_fills_during_sending_the_run_ends_and_no_mail_is_sent_twice(small_disk: Path) -> None:
    log, mails = small_disk.parent / "relay.log", 300
    with paced_relay(log, RATE) as port:
        prepare(small_disk, mails, port)
        with sender(small_disk) as run:
            wait_until(lambda: len(kept_mails(log)) >= 5)
            filler = fill(small_disk)
            _, errors = run.communicate(timeout=60)
        assert (run.returncode, errors.count("\n")) == (1, 1), errors
        assert "disk is full" in errors
        assert 5 <= len(kept_mails(log)) < mails, "the run ended early"
        filler.unlink()
        assert run_notifier("deliver", cwd=small_disk).returncode == 0
        copies = Counter(message_id for message_id, _ in kept_mails(log))
    assert (len(copies), copies.total()) == (mails, mails)


@contextmanager
def written_full(disk: Path) -> Iterator[None]:
    """While the block runs, another program writes to the disk and takes all space as soon as it becomes free."""
    stopping, filler = Event(), disk / "filler"

    def write() -> None:
        with filler.open("wb", buffering=0) as file:
            while not stopping.is_set():
                try:
                    file.write(b"x" * 65_536)
                except OSError:
                    time.sleep(0.001)

    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        filler.unlink()


def test_no_mail_is_sent_twice_if_another_program_takes_all_space(small_disk: Path) -> None:
    log, mails = small_disk.parent / "relay.log", 300
    with paced_relay(log, RATE) as port:
        prepare(small_disk, mails, port)
        with sender(small_disk) as run:
            wait_until(lambda: len(kept_mails(log)) >= 5)
            with written_full(small_disk):
                _, errors = run.communicate(timeout=60)
        assert (run.returncode, errors.count("\n")) == (1, 1), errors
        assert "disk is full" in errors
        assert run_notifier("deliver", cwd=small_disk).returncode == 0
        copies = Counter(message_id for message_id, _ in kept_mails(log))
    assert (len(copies), copies.total()) == (mails, mails)
