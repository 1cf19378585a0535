"""Private files: what a name leads to gets the content and is never replaced, and other users cannot read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from notifier.errors import FileError
from notifier.files import open_descriptor, write_private


@pytest.fixture(autouse=True, params=[0o022, 0o000])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_new_folders_are_closed_to_other_users(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "export.csv"
    write_private(file, b"content")
    assert file.read_bytes() == b"content"
    assert (mode(file), mode(file.parent), mode(tmp_path / "a")) == (0o600, 0o750, 0o750)
    assert [each.name for each in file.parent.iterdir()] == ["export.csv"]


@pytest.mark.parametrize(
    ("before", "after"), [(0o644, 0o600), (0o666, 0o600), (0o640, 0o600), (0o600, 0o600), (0o400, 0o400)]
)
@pytest.mark.parametrize("content", [b"old", b"new"])
def test_an_existing_file_keeps_a_stricter_mode_and_never_gets_a_wider_one(
    tmp_path: Path, before: int, after: int, content: bytes
) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(b"old")
    file.chmod(before)
    write_private(file, content)
    assert (file.read_bytes(), mode(file)) == (content, after)


def test_a_symbolic_link_stays_and_the_file_behind_it_gets_the_content(tmp_path: Path) -> None:
    file, link, chain = tmp_path / "folder" / "file", tmp_path / "link", tmp_path / "chain"
    link.symlink_to(file)
    chain.symlink_to("link")
    write_private(chain, b"first")  # the link leads to no file yet
    write_private(chain, b"second")
    assert (chain.is_symlink(), link.is_symlink(), file.read_bytes(), mode(file)) == (True, True, b"second", 0o600)


def test_all_names_of_a_file_have_the_new_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"something longer than the content")
    one.chmod(0o644)
    other.hardlink_to(one)
    write_private(one, b"content")
    assert (other.read_bytes(), mode(other), one.samefile(other)) == (b"content", 0o600, True)


@pytest.mark.parametrize("is_linked", [False, True])
def test_a_pipe_stays_a_pipe_with_its_mode(tmp_path: Path, is_linked: bool) -> None:
    pipe, link, got = tmp_path / "pipe", tmp_path / "link", []
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    link.symlink_to(pipe)
    reader = Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_private(link if is_linked else pipe, b"content")
    reader.join()
    assert (got, pipe.is_fifo(), mode(pipe)) == ([b"content"], True, 0o644)


def test_a_device_stays_a_device() -> None:
    before = Path("/dev/null").stat()
    write_private(Path("/dev/null"), b"content")
    after = Path("/dev/null").stat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd", "/proc/{pid}/fd"])
def test_an_open_descriptor_gets_the_content_behind_what_it_has(tmp_path: Path, folder: str) -> None:
    if not Path(folder.format(pid=os.getpid())).exists():
        pytest.skip("this system has no such folder")
    with (tmp_path / "file").open("wb") as file:
        file.write(b"before ")
        file.flush()
        name, link = Path(folder.format(pid=os.getpid())) / str(file.fileno()), tmp_path / "link"
        link.symlink_to(name)
        write_private(name, b"one ")
        write_private(link, b"two")
    assert (tmp_path / "file").read_bytes() == b"before one two"


def test_stdout_is_recognised_by_its_names(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/dev/stdout")
    (tmp_path / "loop").symlink_to("loop")
    found = [open_descriptor(Path(name)) for name in ("-", "/dev/stdout", tmp_path / "out", "/dev/stderr", "1")]
    assert found == [1, 1, 1, 2, None]
    assert open_descriptor(tmp_path / "loop") is None


@pytest.mark.parametrize("name", [".", "loop", "file/below", "/dev/fd/98765"])
def test_what_cannot_be_written_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot write"):
        write_private(tmp_path / name, b"content")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "loop"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_in_a_folder_that_cannot_be_changed_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(b"something longer than the content")
    tmp_path.chmod(0o500)
    write_private(file, b"content")
    tmp_path.chmod(0o700)
    assert (file.read_bytes(), mode(file)) == (b"content", 0o600)
