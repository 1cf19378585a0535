"""Whether a program has a file open for writing is found out with leases, or in /proc if leases cannot tell."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.files.writers import Writer, writer_of


@pytest.fixture(params=["leases", "proc"])
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a file; with the parameter `proc`, leases are refused as for a file of another user."""
    if request.param == "proc":
        original = fcntl.fcntl

        def without_leases(descriptor: int, command: int, argument: int = 0) -> int:
            if command == fcntl.F_SETLEASE:
                raise PermissionError(13, "Permission denied")
            return original(descriptor, command, argument)

        monkeypatch.setattr(fcntl, "fcntl", without_leases)
    path = tmp_path / "page.txt"
    path.write_text("text", encoding="utf-8")
    yield path


@pytest.fixture
def unwritten(request: pytest.FixtureRequest) -> Writer:
    """Return what is known of a file without a writer: /proc does not show the descriptors of other users."""
    return Writer.NONE if "leases" in request.node.name else Writer.UNKNOWN


@pytest.mark.parametrize("mode", ["a", "r+", "w"])
def test_a_writer_is_seen_until_it_closes_the_file(file: Path, unwritten: Writer, mode: str) -> None:
    assert writer_of(file) is unwritten
    with file.open(mode):
        assert writer_of(file) is Writer.OPEN
    assert writer_of(file) is unwritten


def test_a_writer_in_another_process_is_seen(file: Path, unwritten: Writer) -> None:
    with subprocess.Popen(["sh", "-c", f"exec 3>>'{file}'; echo open; exec cat"], stdin=-1, stdout=-1) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        assert writer_of(file) is Writer.OPEN
        writer.kill()
    assert writer_of(file) is unwritten


def test_a_program_that_only_reads_the_file_is_not_seen(file: Path, unwritten: Writer) -> None:
    with file.open("rb"):
        assert writer_of(file) is unwritten


def test_a_missing_file_and_a_file_that_is_not_regular_have_no_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    assert {writer_of(tmp_path / name) for name in ("pipe", "link", "gone", ".")} == {Writer.NONE}
