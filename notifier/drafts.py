"""Create drafts and other files that a process holds while it uses them.

A draft is a file that is written under a temporary name, and gets its real name when it is complete. To hold a file
means to lock it (flock). The kernel frees the lock when the process ends for any reason. So if nobody holds such a
file, the process that made it has died. This also works if that process ran in another container that shares the
folder. The names are random, because processes in two containers may have the same id.
"""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_DRAFT = re.compile(r"\.[0-9a-f]{32}\.notifier")


@contextmanager
def new_draft(folder: Path, mode: int = 0o666) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new file in a folder. The block fills, flushes and renames it; without a new name, the file is removed.

    Raises OSError if the file cannot be created.
    """
    path, file = create_held(folder, ".{}.notifier", mode)
    try:
        with file:
            yield path, file
    finally:
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Write the folder's entries to the disk, so that a new name is as durable as the file's content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_abandoned_drafts(folder: Path) -> None:
    """Remove from a folder the drafts that nobody holds, and no other files.

    It is no error if the folder cannot be read or a draft cannot be removed.
    """
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if _DRAFT.fullmatch(path.name):
                with suppress(OSError), held_if_free(path) as is_free:
                    if is_free:
                        path.unlink()


def create_held(folder: Path, name: str, mode: int = 0o666) -> tuple[Path, BinaryIO]:
    """Create a file that this process holds until it is closed; `{}` in `name` becomes 32 random hex digits.

    On a file system without locks, no process can hold the file, and no process finds it free. Raises OSError if
    the file cannot be created.
    """
    while True:
        path = folder / name.format(uuid.uuid4().hex)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "wb")
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        if _is_at(path, file):
            return path, file
        file.close()  # between its creation and the lock, another process has found it free and removed it


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold a file while the block runs, if nobody else holds it; yield whether the file is now held.

    Raises OSError if the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        yield _try_to_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_to_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Return whether a path still leads to an open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
