"""Reading dumps: only regular files are read; anything else is refused with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from notifier.errors import DumpError
from notifier.files.dumps import dump_paths, read_dump

LIMIT = 1 << 20


def symbolic_link(folder: Path) -> Path:
    path = folder / "link.json"
    path.symlink_to(folder / "plain.json")
    return path


def fifo(folder: Path) -> Path:
    path = folder / "fifo.json"
    os.mkfifo(path)
    return path


def device(_: Path) -> Path:
    return Path("/dev/zero")


def path_with_dots(folder: Path) -> Path:
    return folder / ".." / folder.name / "plain.json"


def large_file(folder: Path) -> Path:
    path = folder / "large.json"
    path.write_bytes(bytes(LIMIT + 1))
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (symbolic_link, "a symbolic link"),
        (fifo, "not a regular file"),
        (device, "not a regular file"),
        (path_with_dots, r"`\.\.`"),
        (large_file, "larger than 1 MB"),
    ],
)
def test_only_regular_files_with_a_plain_path_and_a_moderate_size_are_read(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DumpError, match=reason):
        read_dump(make(tmp_path), LIMIT)


def test_a_folder_lists_links_and_special_files_too_so_that_they_are_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    (tmp_path / ".hidden.json").write_text("[]", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    expected = sorted([symbolic_link(tmp_path), fifo(tmp_path), tmp_path / "plain.json"])
    assert dump_paths(tmp_path) == expected
