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
    """A dump's bytes and where they came from."""

    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        """What a dump is known by, wherever it lies."""
        return sha256(self.content).hexdigest()


def dump_paths(given: Path) -> list[Path]:
    """The files that `given` stands for: itself, or what lies in a folder by name, but folders and hidden files.

    What is no plain file is among them, to be refused with a reason and not in silence.
    """
    if not given.exists():
        raise UsageError(f"there is no file {given}; give the path of a dump, or of a folder of dumps")
    if not given.is_dir():
        return [given]
    entries = sorted(each for each in given.iterdir() if not each.name.startswith("."))
    return [each for each in entries if each.is_symlink() or not each.is_dir()]


def read_dump(path: Path, limit: int) -> DumpFile:
    """The bytes of a dump, at most `limit`.

    Raises DumpError for what is no plain file, is named by way of `..`, cannot be read, or is too large.
    """
    if ".." in path.parts:
        raise DumpError("a path with `..` in it may lead anywhere; give the plain path")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # a FIFO must not hang the service
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DumpError("not a plain file; give the path of a file")
            if status.st_size > limit:
                raise DumpError(f"larger than {limit >> 20} MB; split it, or raise [limits] file_mb")
            return DumpFile(path, file.read(limit))
    except FileNotFoundError:
        raise DumpGoneError("it is not there any more") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DumpError("a symbolic link; give the file that it points to") from None
        raise DumpError(f"cannot be read: {error.strerror}") from None
