"""Relays that keep nothing, each a process of its own: Postfix's smtp-sink or an equal in C, and a slow one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parent
CERTIFICATES = HERE.parent / "tests" / "data" / "tls"


def postfix(name: str) -> str | None:
    """One of Postfix's test programs, where Debian's postfix is installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


@contextmanager
def sink() -> Iterator[int]:
    """A sink that answers at once; gives its port."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "sink"
        if theirs := postfix("smtp-sink"):
            port = _free_port()
            as_nobody = [] if os.getuid() else ["-u", "nobody"]  # it refuses to run as root
            with _running([theirs, *as_nobody, f"127.0.0.1:{port}", "1000"]):
                _wait_for(port)
                yield port
            return
        subprocess.run(["cc", "-O2", "-o", str(program), str(HERE / "sink.c")], check=True)
        with _running([str(program)]) as running:
            yield _port_of(running)


@contextmanager
def slow_sink(seconds: float, *, tls: bool) -> Iterator[int]:
    """A sink whose replies take so long; with TLS from the first byte, if wanted."""
    certificate = [str(CERTIFICATES / "valid.pem")] if tls else []
    with _running([sys.executable, "-m", "benchmarks.slow_sink", str(seconds), *certificate]) as running:
        yield _port_of(running)


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def _port_of(running: subprocess.Popen[str]) -> int:
    assert running.stdout is not None
    return int(running.stdout.readline())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        return int(closed_soon.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")
