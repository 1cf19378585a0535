"""Reading dumps from files."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import DumpError, DumpGoneError, UsageError

DUMP_LIMIT = 64 * 1024 * 1024  # bytes; the largest day of papers known is a few megabytes


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
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # a FIFO must not hang the service
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DumpError("not a plain file; give the path of a file")
            if status.st_size > DUMP_LIMIT:
                raise DumpError(f"larger than {DUMP_LIMIT // 1024**2} MB; split it")
            return DumpFile(path, file.read(DUMP_LIMIT))
    except FileNotFoundError:
        raise DumpGoneError("it is not there any more") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DumpError("a symbolic link; give the file that it points to") from None
        raise DumpError(f"cannot be read: {error.strerror}") from None
