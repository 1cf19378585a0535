"""Reading dumps: of the dumps folder, only regular files; of what the operator types, anything that they may read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from notifier.errors import DumpError, FileError
from notifier.files.dumps import dump_paths, read_any_file, read_dump, read_regular_file

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
        (large_file, "larger than 1 MB"),
    ],
)
def test_of_the_dumps_folder_only_regular_files_of_a_moderate_size_are_read(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DumpError, match=reason):
        read_dump(make(tmp_path), LIMIT)


def test_a_path_of_the_dumps_folder_may_contain_dots(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    assert read_dump(tmp_path / ".." / tmp_path.name / "plain.json", LIMIT).content == b"[]"


def test_a_typed_path_may_lead_through_links_and_dots_or_name_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    link, pipe = symbolic_link(tmp_path), fifo(tmp_path)
    (tmp_path / "folder").symlink_to(tmp_path)
    writer = Thread(target=pipe.write_bytes, args=(b"[]",))
    writer.start()
    paths = [link, tmp_path / "folder" / "plain.json", tmp_path / "folder" / ".." / tmp_path.name / "plain.json", pipe]
    assert [read_any_file(path, LIMIT).content for path in paths] == [b"[]"] * 4
    writer.join()


def test_a_typed_path_that_brings_too_much_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="larger than 1 MB"):
        read_any_file(Path("/dev/zero"), LIMIT)
    with pytest.raises(DumpError, match="larger than 1 MB"):
        read_any_file(large_file(tmp_path), LIMIT)
    with pytest.raises(FileError, match="Is a directory"):
        read_any_file(tmp_path, LIMIT)


def test_in_a_typed_folder_links_are_followed_and_pipes_cannot_block(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    assert read_regular_file(symbolic_link(tmp_path), LIMIT).content == b"[]"
    with pytest.raises(FileError, match="not a regular file"):
        read_regular_file(fifo(tmp_path), LIMIT)


def test_a_folder_lists_links_and_special_files_too_so_that_they_are_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[]", encoding="utf-8")
    (tmp_path / ".hidden.json").write_text("[]", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link to folder").symlink_to(tmp_path / "folder")
    expected = sorted([symbolic_link(tmp_path), fifo(tmp_path), tmp_path / "plain.json"])
    assert dump_paths(tmp_path) == expected
