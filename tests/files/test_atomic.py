"""Writing files: atomically where the path is a file, and into it where it is something else."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

from notifier.files import write_if_changed


def test_a_pipe_stays_a_pipe_and_gets_the_content(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    assert write_if_changed(pipe, b"content")
    reader.join()
    assert got == [b"content"]
    assert pipe.is_fifo()


def test_a_symbolic_link_stays_and_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    file, link = tmp_path / "folder" / "file", tmp_path / "link"
    file.parent.mkdir()
    file.write_bytes(b"old")
    link.symlink_to(file)
    assert write_if_changed(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
