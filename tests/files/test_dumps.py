"""What is no plain file in its own place is refused with a reason, and read by nobody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from notifier.errors import DumpError
from notifier.files.dumps import dump_paths, read_dump

LIMIT = 1 << 20


def link(folder: Path) -> Path:
    path = folder / "link.json"
    path.symlink_to(folder / "plain.json")
    return path


def fifo(folder: Path) -> Path:
    path = folder / "fifo.json"
    os.mkfifo(path)
    return path


def device(_: Path) -> Path:
    return Path("/dev/zero")


def up_and_down(folder: Path) -> Path:
    return folder / ".." / folder.name / "plain.json"


def large(folder: Path) -> Path:
    path = folder / "large.json"
    path.write_bytes(bytes(LIMIT + 1))
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link, "a symbolic link"),
        (fifo, "not a plain file"),
        (device, "not a plain file"),
        (up_and_down, r"`\.\.`"),
        (large, "larger than 1 MB"),
    ],
)
def test_only_plain_files_in_their_own_place_are_read(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DumpError, match=reason):
        read_dump(make(tmp_path), LIMIT)


def test_a_folder_gives_what_is_refused_too_so_that_nothing_is_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    (tmp_path / ".hidden.json").write_text("[]", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    expected = sorted([link(tmp_path), fifo(tmp_path), tmp_path / "plain.json"])
    assert dump_paths(tmp_path) == expected
