"""A service with many clients that connect and then send nothing, too little, or too slowly."""

from __future__ import annotations

import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.scripted_relay import ScriptedRelay
from support.service import (
    MONDAY,
    clean_environment,
    free_ports,
    open_store_with_subscribers,
    wait_until,
    write_smtp_config,
)

DESCRIPTORS = 256  # the most file descriptors that the service may open
CLIENTS = 1100
FAST_TIMEOUTS = """
import sys
from notifier.service import connections
connections.REQUEST_SECONDS = connections.RESPONSE_SECONDS = 2
sys.argv[0] = "notifier"
from notifier.cli import main
main()
"""


@pytest.fixture(autouse=True)
def many_descriptors() -> Iterator[None]:
    """Let this process open as many connections as the tests need."""
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = CLIENTS + 400
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"only {hard} file descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def service(folder: Path, port: int, *code: str) -> Iterator[Path]:
    """Run `notifier serve` with few file descriptors; yield its log file as soon as the service answers requests."""
    log = folder / "log"
    run_notifier = code or ("-m", "notifier")
    at_eight = MONDAY.replace(hour=8).isoformat()
    with log.open("wb") as stderr:
        run = subprocess.Popen(
            ["prlimit", f"--nofile={DESCRIPTORS}", sys.executable, *run_notifier, "serve", "--now", at_eight],
            cwd=folder,
            env=clean_environment() | {"NOTIFIER_WEB__PORT": str(port)},
            stderr=stderr,
        )
        try:
            wait_until(lambda: is_answered(port))
            yield log
            run.send_signal(signal.SIGTERM)
            assert run.wait(timeout=60) == 0, log.read_text(encoding="utf-8")
        finally:
            if run.poll() is None:
                run.kill()
                run.wait()


def is_answered(port: int) -> bool:
    """Return whether the health check answers within ten seconds."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def is_closed(client: socket.socket) -> bool:
    """Return whether the service has closed this connection."""
    client.setblocking(False)
    try:
        return client.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    "begins_with", [b"", b"GET /heal", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"]
)
def test_1100_connections_that_send_no_whole_request_stop_neither_pages_nor_mail(
    tmp_path: Path, begins_with: bytes
) -> None:
    port, start = free_ports(1)[0], time.monotonic()
    with ScriptedRelay() as relay, ExitStack() as clients:
        write_smtp_config(tmp_path, relay.port)
        open_store_with_subscribers(1, tmp_path).dispose()
        with service(tmp_path, port) as log:
            wait_until(lambda: len(relay.kept) == 1)
            for _ in range(CLIENTS):
                clients.enter_context(connect(port)).sendall(begins_with)
            assert is_answered(port)
            (tmp_path / "var" / "dumps" / "new.txt").write_text(
                "How Bees Fly at Night\nWe study bees in depth, and more than ever before in a single paper.\n",
                encoding="utf-8",
            )
            wait_until(lambda: list((tmp_path / "var" / "done").glob("new*")))
            assert is_answered(port)
        said = log.read_text(encoding="utf-8")
    assert 1 <= said.count("web connections:") <= 1 + (time.monotonic() - start) // 60
    assert "Traceback" not in said
    assert len(said) < 5000


def test_a_client_that_is_slow_with_its_header_or_body_is_disconnected(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    write_smtp_config(tmp_path, 1)
    beginnings = (b"", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n")
    with service(tmp_path, port, "-c", FAST_TIMEOUTS), ExitStack() as opened:
        clients = [opened.enter_context(connect(port)) for _ in beginnings]
        for client, beginning in zip(clients, beginnings, strict=True):
            client.sendall(beginning)
        deadline = time.monotonic() + 30
        while not all(map(is_closed, clients)):
            assert time.monotonic() < deadline
            for client in clients[1:]:
                try:
                    client.send(b"x")  # single bytes must not keep the connection open
                except OSError:
                    continue
            time.sleep(0.2)
        assert is_answered(port)
