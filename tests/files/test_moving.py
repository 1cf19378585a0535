"""Moving a file: names that are taken or too long, other file systems, and what cannot be moved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.disks import immutable, mounted

from notifier.files.moving import free_name, move

BYTES = b"\0\xff some bytes" * 100_000


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(BYTES)
    os.utime(path, (1_000, 1_000))
    return path


def test_a_moved_file_keeps_its_name_if_the_name_is_free(tmp_path: Path) -> None:
    assert move(put(tmp_path / "in" / "page.txt"), tmp_path / "out") == tmp_path / "out" / "page.txt"


@pytest.mark.parametrize(
    "name", [b"page.txt", b"x" * 255, b"x" * 245 + b".jsonl", b"\xe9" * 255, "é".encode() * 127, b"x." + b"y" * 253]
)
def test_files_with_the_same_name_stay_apart_and_leave_room_for_an_ending(tmp_path: Path, name: bytes) -> None:
    for _ in range(3):
        moved = move(put(tmp_path / "in" / os.fsdecode(name)), tmp_path / "out", room=len(".reason"))
        moved.with_name(f"{moved.name}.reason").write_text("reason", encoding="utf-8")
    assert len(list((tmp_path / "out").iterdir())) == 6
    assert list((tmp_path / "in").iterdir()) == []


def test_a_name_that_only_a_dangling_link_has_is_not_free(tmp_path: Path) -> None:
    (tmp_path / "page.txt").symlink_to("nowhere")
    assert free_name(tmp_path, "page.txt") != "page.txt"


@pytest.mark.parametrize("name", ["page.txt", "x" * 255])
def test_a_file_moves_to_another_file_system_with_its_bytes_and_times(tmp_path: Path, name: str) -> None:
    with mounted(tmp_path / "disk") as disk:
        for start, end in ((tmp_path / "in", disk), (disk / "in", tmp_path / "out")):
            source = put(start / name)
            moved = move(source, end)
            assert (moved.read_bytes(), moved.stat().st_mtime) == (BYTES, 1_000)
            assert not source.exists()
            assert [path for path in end.iterdir() if path.name.startswith(".moving")] == []


def test_a_link_moves_to_another_file_system_as_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/etc/hostname")
    with mounted(tmp_path / "disk") as disk:
        assert move(link, disk).readlink() == Path("/etc/hostname")


def test_a_pipe_is_not_copied_to_another_file_system_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with mounted(tmp_path / "disk") as disk:
        with pytest.raises(OSError, match="not a regular file"):
            move(pipe, disk)
        assert list(disk.iterdir()) == []
    assert pipe.exists()


def test_a_full_disk_leaves_the_file_where_it_was_and_no_part_of_a_copy(tmp_path: Path) -> None:
    source = put(tmp_path / "page.txt")
    with mounted(tmp_path / "disk", "size=64k") as disk:
        with pytest.raises(OSError, match="No space"):
            move(source, disk)
        assert list(disk.iterdir()) == []
    assert source.read_bytes() == BYTES


def test_a_file_that_cannot_be_deleted_stays_and_its_copy_is_removed(tmp_path: Path) -> None:
    source = put(tmp_path / "in" / "page.txt")
    with mounted(tmp_path / "disk") as disk, immutable(source):
        with pytest.raises(PermissionError):
            move(source, disk)
        assert list(disk.iterdir()) == []
    assert source.exists()
