"""Reading dumps from files."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import DumpError, DumpGoneError, FileError, UsageError

# Errors that say nothing about the file: no free descriptors, no memory, a failing disk, an unreachable network drive.
_TEMPORARY = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EINTR}


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A dump's bytes, the path of the file that holds them, and when the file was modified (seconds since 1970)."""

    path: Path
    content: bytes
    modified: float = 0.0

    @property
    def sha256(self) -> str:
        """The hash that identifies the dump, wherever its file is."""
        return sha256(self.content).hexdigest()


def path_text(path: Path) -> str:
    """Return a path as text for the database, logs and terminals.

    Bytes that are not UTF-8 become a backslash, `x` and two hex digits.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def dump_paths(given: Path) -> list[Path]:
    """Return the files to read for a given path: the file itself, or the files in the folder, sorted by name.

    Hidden files and subfolders are left out. Symbolic links and special files are included, so that `read_dump` refuses
    them with a reason. Raises UsageError if the path does not exist, and FileError if the folder cannot be read.
    """
    if not given.exists():
        raise UsageError(f"there is no file {given}; give the path of a dump, or of a folder of dumps")
    if not given.is_dir():
        return [given]
    try:
        entries = sorted(entry for entry in given.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise FileError(f"cannot read the folder {given}: {error.strerror}; check who owns it") from None
    return [entry for entry in entries if entry.is_symlink() or not entry.is_dir()]


def read_dump(path: Path, limit: int) -> DumpFile:
    """Read a dump of at most `limit` bytes.

    Raises DumpError if the path contains `..`, or the file is not a regular one, is too large, or cannot be read.
    Raises DumpGoneError if the file does not exist, and FileError if the cause is not the file and may go away, such as
    a lack of free descriptors.
    """
    if ".." in path.parts:
        raise DumpError("the path contains `..`; give the path without it")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # opening a FIFO must not block
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DumpError("not a regular file; give the path of a file")
            if status.st_size > limit:
                raise DumpError(f"larger than {limit >> 20} MB; split it, or raise [limits] file_mb")
            return DumpFile(path, file.read(limit), status.st_mtime)
    except FileNotFoundError:
        raise DumpGoneError("the file no longer exists") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DumpError("a symbolic link; give the path of the file that it points to") from None
        if error.errno in _TEMPORARY:
            raise FileError(f"cannot be read now: {error.strerror}; it is tried again later") from None
        raise DumpError(f"cannot be read: {error.strerror}") from None
