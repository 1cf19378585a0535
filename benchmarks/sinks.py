"""Start SMTP relays that discard every message; each relay is a separate process.

The fast relay is Postfix's smtp-sink, or `sink.c` if Postfix is not installed. The slow relay delays its replies.
"""

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
    """Return the path of one of the test programs of Postfix, or None if it is not installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


@contextmanager
def sink() -> Iterator[int]:
    """Run a relay that replies at once, and yield its port."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "sink"
        if smtp_sink := postfix("smtp-sink"):
            port = _free_port()
            as_nobody = [] if os.getuid() else ["-u", "nobody"]  # smtp-sink refuses to run as root
            with _running([smtp_sink, *as_nobody, f"127.0.0.1:{port}", "1000"]):
                _wait_until_listening(port)
                yield port
            return
        subprocess.run(["cc", "-O2", "-o", str(program), str(HERE / "sink.c")], check=True)
        with _running([str(program)]) as process:
            yield _printed_port(process)


@contextmanager
def slow_sink(seconds: float, *, tls: bool) -> Iterator[int]:
    """Run a relay that delays each reply by `seconds`, and yield its port.

    With `tls`, the connection is encrypted from its first byte.
    """
    certificate = [str(CERTIFICATES / "valid.pem")] if tls else []
    with _running([sys.executable, "-m", "benchmarks.slow_sink", str(seconds), *certificate]) as process:
        yield _printed_port(process)


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _printed_port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after 10 seconds")
