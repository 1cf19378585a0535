"""Reading dumps from files."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import DumpError, DumpGoneError, UsageError


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A dump's bytes, and the path of the file that holds them."""

    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash that identifies the dump, wherever its file is."""
        return sha256(self.content).hexdigest()


def dump_paths(given: Path) -> list[Path]:
    """Return the files to read for a given path: the file itself, or the files in the folder, sorted by name.

    Hidden files and subfolders are left out. Symbolic links and special files are included, so that `read_dump` refuses
    them with a reason. Raises UsageError if the path does not exist.
    """
    if not given.exists():
        raise UsageError(f"there is no file {given}; give the path of a dump, or of a folder of dumps")
    if not given.is_dir():
        return [given]
    entries = sorted(entry for entry in given.iterdir() if not entry.name.startswith("."))
    return [entry for entry in entries if entry.is_symlink() or not entry.is_dir()]


def read_dump(path: Path, limit: int) -> DumpFile:
    """Read a dump of at most `limit` bytes.

    Raises DumpError if the path contains `..`, or the file is not a regular one, is too large, or cannot be read.
    Raises DumpGoneError if it does not exist.
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
            return DumpFile(path, file.read(limit))
    except FileNotFoundError:
        raise DumpGoneError("the file no longer exists") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DumpError("a symbolic link; give the path of the file that it points to") from None
        raise DumpError(f"cannot be read: {error.strerror}") from None
