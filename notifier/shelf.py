"""Files in and out: dumps to read, and the locks by which senders know that one of them is gone."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import DumpError, ShelfError, UsageError

DUMP_LIMIT = 64 * 1024 * 1024  # bytes; the largest day of papers known is a few megabytes
OWNER = re.compile(r"^(?P<host>[^/]+)/(?P<lock>[0-9a-f]{32})$")


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A dump's bytes and where they came from."""

    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        """What a dump is known by, wherever it lies."""
        return sha256(self.content).hexdigest()


def dump_paths(given: Path) -> list[Path]:
    """The files that `given` stands for: itself, or a folder's plain files by name, hidden ones left alone."""
    if not given.exists():
        raise UsageError(f"there is no file {given}; give the path of a dump, or of a folder of dumps")
    if not given.is_dir():
        return [given]
    return sorted(each for each in given.iterdir() if each.is_file() and not each.name.startswith("."))


def read_dump(path: Path) -> DumpFile:
    """The bytes of a dump. Raises DumpError for what is no plain file, cannot be read, or is too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO must not hang the service
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DumpError("not a plain file; give the path of a file")
            if status.st_size > DUMP_LIMIT:
                raise DumpError(f"larger than {DUMP_LIMIT // 1024**2} MB; split it")
            return DumpFile(path, file.read(DUMP_LIMIT))
    except OSError as error:
        raise DumpError(f"cannot be read: {error.strerror}") from None


def write_if_changed(path: Path, content: bytes) -> bool:
    """Give a file this content, so that it is there as a whole at any moment; False where it had it already."""
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            draft.write_bytes(content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ShelfError(f"cannot write {path}: {error.strerror}; check the disk and who owns the folder") from None
    return True


@contextmanager
def owner_lock(folder: Path) -> Iterator[str]:
    """Hold a new owner's lock while the block runs; yields the owner's name, `host/lock`.

    The kernel frees the lock when the process ends, however it ends.
    """
    lock = uuid.uuid4().hex
    path = folder / lock
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("x")
    except OSError as error:
        raise ShelfError(f"cannot make the sender's lock in {folder}: {error.strerror}; check who owns it") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield f"{socket.gethostname()}/{lock}"
        finally:
            path.unlink(missing_ok=True)


def is_gone(folder: Path, owner: str) -> bool:
    """Whether the process of an owner on this machine has ended: its lock is there, and free.

    An owner of another machine, or one whose lock is not to be found, may be alive: only its lease can tell.
    """
    named = OWNER.match(owner)
    if named is None or named["host"] != socket.gethostname():
        return False
    try:
        with (folder / named["lock"]).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def forget(folder: Path, owner: str) -> None:
    """Remove the lock of an owner that is gone, once nothing names it any more."""
    (folder / owner.rpartition("/")[2]).unlink(missing_ok=True)
