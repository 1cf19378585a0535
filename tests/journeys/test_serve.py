"""The service as a process: it takes dumps, sends mail, obeys signals, and notifies systemd."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from support.paths import CHECKOUT
from support.scripted_relay import ScriptedRelay
from support.service import (
    MONDAY,
    clean_environment,
    free_ports,
    open_store_with_subscribers,
    page_text,
    wait_until,
    write_smtp_config,
)

AT_EIGHT = MONDAY.replace(hour=8).isoformat()


@contextmanager
def process(folder: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run `notifier` with these arguments while the block runs; kill it at the end if it is still running.

    The web server gets a free port, unless the environment names one.
    """
    run = subprocess.Popen(
        [sys.executable, "-m", "notifier", *arguments],
        cwd=folder,
        env=clean_environment() | {"NOTIFIER_WEB__PORT": str(free_ports(1)[0])} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield run
    finally:
        if run.poll() is None:
            run.kill()
        run.communicate()


def stop(run: subprocess.Popen[str]) -> str:
    """Stop the process with SIGTERM, check that it exits with 0, and return the rest of its stderr."""
    run.send_signal(signal.SIGTERM)
    _, output = run.communicate(timeout=60)
    assert run.returncode == 0, output
    return output


def wait_for_line(run: subprocess.Popen[str], words: str) -> str:
    """Read stderr up to the first line that contains these words, and return that line."""
    assert run.stderr is not None
    return next(line for line in iter(run.stderr.readline, "") if words in line)


def catches_sigterm(run: subprocess.Popen[str]) -> bool:
    """Return whether the process has installed a handler for SIGTERM."""
    status = Path(f"/proc/{run.pid}/status").read_text(encoding="utf-8")
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def put_dump(folder: Path, name: str, titles: list[str]) -> None:
    """Put a dump into the folder that the service watches.

    The dump was last changed a minute ago, so it counts as complete.
    """
    (folder / "var" / "dumps").mkdir(parents=True, exist_ok=True)
    draft = folder / name
    draft.write_text(page_text(titles), encoding="utf-8")
    os.utime(draft, (time.time() - 60, time.time() - 60))
    draft.rename(folder / "var" / "dumps" / name)


def test_a_dump_in_the_folder_becomes_mail_and_feeds_and_sigterm_stops_the_service(tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        write_smtp_config(tmp_path, relay.port)
        open_store_with_subscribers(3, tmp_path).dispose()
        put_dump(tmp_path, "monday.txt", ["How Bees Fly at Night", "About Something Else"])
        with process(tmp_path, "serve", "--now", AT_EIGHT) as run:
            wait_until(lambda: len(relay.kept) == 3)
            wait_until((tmp_path / "var" / "feeds" / "all.atom").exists)
            log = stop(run)
    assert b"Bees" in relay.kept[0].content
    assert (tmp_path / "var" / "done" / "monday.txt").exists()
    assert list((tmp_path / "var" / "notifier.db-owners").iterdir()) == []
    assert "@example.org" not in log


def test_systemd_is_notified_of_ready_status_and_stopping(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        with process(tmp_path, "serve", NOTIFY_SOCKET=str(tmp_path / "notify")) as run:
            assert listener.recv(1000) == b"READY=1"
            assert listener.recv(1000).startswith(b"WATCHDOG=1\nSTATUS=0 papers")
            stop(run)
        assert listener.recv(1000) == b"STOPPING=1"


def test_sighup_with_a_wrong_config_keeps_the_old_one_and_with_a_right_config_takes_the_new_one(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    config = tmp_path / "config.toml"
    right = config.read_text(encoding="utf-8")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        with process(tmp_path, "serve", NOTIFY_SOCKET=str(tmp_path / "notify")) as run:
            for text in (right + "[digest]\npapers = 'many'\n", right + "[digest]\npapers = 5\n"):
                while listener.recv(1000) != b"READY=1":
                    pass
                config.write_text(text, encoding="utf-8")
                run.send_signal(signal.SIGHUP)
            while listener.recv(1000) != b"READY=1":
                pass
            log = stop(run)
    assert "the config stays as it was" in log
    assert "digest.papers" in log
    assert "the config was read again" in log


def test_sigterm_during_the_start_stops_the_service(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    for number, seconds in enumerate((0, 0.4, 0.9, 1.4)):
        put_dump(tmp_path, f"{number}.txt", [f"How Bees Fly at Night, Part {number}", f"About Something Else {number}"])
        with process(tmp_path, "serve") as run:
            wait_until(lambda run=run: catches_sigterm(run))  # type: ignore[misc]
            time.sleep(seconds)
            stop(run)


def test_sighup_keeps_the_config_if_its_file_is_gone(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    with process(tmp_path, "serve") as run:
        wait_for_line(run, "ready")
        (tmp_path / "config.toml").unlink()
        run.send_signal(signal.SIGHUP)
        wait_for_line(run, "the config stays as it was")
        stop(run)


def test_logs_may_be_json(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    with process(tmp_path, "serve", NOTIFIER_LOG__FORMAT="json") as run:
        line = wait_for_line(run, "ready")
        stop(run)
    assert {"time", "level", "logger", "message"} <= set(json.loads(line))


def test_the_web_server_answers_healthz(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    (port,) = free_ports(1)
    with process(tmp_path, "serve", NOTIFIER_WEB__PORT=str(port)) as run:

        def healthy() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        wait_until(healthy)
        stop(run)


def test_the_log_warns_of_clear_text_and_holds_no_address_and_no_link(tmp_path: Path) -> None:
    write_smtp_config(tmp_path, 1)
    (tmp_path / "secret.key").write_text("5" * 64, encoding="utf-8")
    (port,) = free_ports(1)
    environment = {
        "NOTIFIER_WEB__PORT": str(port),
        "NOTIFIER_WEB__BASE_URL": "http://papers.example.org",
        "NOTIFIER_SECRET_FILE": "secret.key",
    }
    with process(tmp_path, "serve", **environment) as run:
        warning = wait_for_line(run, "base_url")
        assert "http://papers.example.org" in warning and "use https" in warning
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until(lambda: is_answered(client))
            assert client.post("/subscribe", data={"email": "ann@example.org"}).status_code == 200
            assert client.post("/sign-in", data={"email": "ann@example.org"}).status_code == 200
            for path in ("/confirm/", "/manage/", "/sign-in/"):
                assert client.get(f"{path}abcdefghijklmnopqrstuvwxc1").status_code == 404
        output = stop(run)
    assert "ann@" not in output and "abcdefghij" not in output


def is_answered(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_two_services_a_worker_and_a_cron_run_send_each_subscriber_one_digest(tmp_path: Path) -> None:
    subscribers = 200
    with ScriptedRelay() as relay:
        write_smtp_config(tmp_path, relay.port)
        open_store_with_subscribers(subscribers, tmp_path).dispose()
        with ExitStack() as stack:
            processes = [
                stack.enter_context(process(tmp_path, verb, "--now", AT_EIGHT))
                for verb in ("serve", "serve", "worker", "once")
            ]
            wait_until(lambda: len(relay.kept) >= subscribers)
            for run in processes[:3]:
                stop(run)
            assert processes[3].wait(timeout=60) == 0
        copies = Counter(kept.recipient for kept in relay.kept)
    assert len(copies) == subscribers
    assert set(copies.values()) == {1}


def test_a_service_stopped_at_any_moment_loses_no_mail_and_repeats_none(tmp_path: Path) -> None:
    subscribers, rng = 600, random.Random(7)
    with ScriptedRelay() as relay:
        write_smtp_config(tmp_path, relay.port)
        open_store_with_subscribers(subscribers, tmp_path).dispose()
        for _ in range(6):
            before = len(relay.kept)
            with process(tmp_path, "serve", "--now", AT_EIGHT) as run:
                wait_until(lambda before=before: len(relay.kept) > before)  # type: ignore[misc]
                time.sleep(rng.random() / 20)
                stop(run)
        with process(tmp_path, "serve", "--now", AT_EIGHT) as run:
            wait_until(lambda: len({kept.recipient for kept in relay.kept}) == subscribers)
            stop(run)
        assert set(Counter(kept.recipient for kept in relay.kept).values()) == {1}


def test_the_files_in_packaging_call_serve_and_once() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (CHECKOUT / "packaging").iterdir())
    assert " serve\n" in text
    assert text.count(" once") >= 2
