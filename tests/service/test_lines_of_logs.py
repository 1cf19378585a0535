"""The lines of the log: they have a time where the journal does not add one, and one line reports a port in use."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.service import clean_environment

from notifier.service.tasks import _cannot_listen

CODE = (
    "import logging; from notifier.service.logs import configure; configure('text'); logging.getLogger('x').info('hi')"
)


def logged(code: str, file: Path, journal: str = "") -> str:
    """Return what a Python program writes to stderr, which is a file; `journal` is its device and inode."""
    with file.open("wb") as stderr:
        found = os.fstat(stderr.fileno())
        stream = journal.format(device=found.st_dev, inode=found.st_ino)
        environment = clean_environment() | ({"JOURNAL_STREAM": stream} if stream else {})
        subprocess.run([sys.executable, "-c", code], stderr=stderr, env=environment, check=True)
    return file.read_text()


@pytest.mark.slow
def test_a_line_begins_with_the_time_unless_it_goes_to_the_journal(tmp_path: Path) -> None:
    line = logged(CODE, tmp_path / "log")
    time, _, rest = line.partition(" ")
    assert len(time) == len("2026-07-06T06:00:00.000+00:00") and time.endswith("+00:00")
    assert rest == "INFO x: hi\n"
    assert logged(CODE, tmp_path / "log", "{device}:{inode}") == "INFO x: hi\n"
    assert logged(CODE, tmp_path / "log", "1:{inode}").endswith("+00:00 INFO x: hi\n")


@pytest.mark.slow
def test_uvicorn_does_not_log_a_port_in_use_beside_the_service(tmp_path: Path) -> None:
    code = CODE + "; logging.getLogger('uvicorn.error').error(OSError(98, 'in use'))"
    assert "in use" not in logged(code, tmp_path / "log")


def test_a_port_in_use_is_named_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1 port {port}: Address already in use; set another" in _cannot_listen(
            "127.0.0.1", port
        )
