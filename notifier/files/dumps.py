"""Read dumps from files.

The dumps folder may be writable for others than the operator. So only regular files are read from it. A path
that the operator types may be anything that the operator may read.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import DumpError, DumpGoneError, FileError, UsageError

# Errors whose cause is not the file: no free descriptors, no memory, a failing disk, an unreachable network drive.
_TEMPORARY = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EINTR}


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A dump's bytes, and the path, the time of modification (seconds since 1970) and the mode of their file."""

    path: Path
    content: bytes
    modified: float = 0.0
    mode: int = stat.S_IFREG

    @property
    def sha256(self) -> str:
        """The hash that identifies the dump, wherever its file is."""
        return sha256(self.content).hexdigest()


STDIN = Path("-")


def path_text(path: Path) -> str:
    """Return a path as text for the database, logs and terminals.

    Bytes that are not UTF-8 become a backslash, `x` and two hex digits.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def recorded_path(path: Path) -> str:
    """Return the text by which a quarantined file is recorded: its absolute path, without `..`."""
    path = path.absolute()
    return path_text(path.parent.resolve() / path.name if ".." in path.parts else path)


def dump_paths(given: Path) -> list[Path]:
    """Return the files to read for a given path: the file itself, or the files in the folder, sorted by name.

    Hidden files and subfolders are left out. Special files in a folder are included, so that they are refused with a
    reason. Raises UsageError if the path does not exist, and FileError if it cannot be looked at.
    """
    if given == STDIN:
        return [given]
    try:
        if not given.exists():
            raise UsageError(f"there is no file {given}; give the path of a dump, or of a folder of dumps")
        if not given.is_dir():
            return [given]
        entries = sorted(entry for entry in given.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise FileError(f"cannot read {given}: {error.strerror}; check who owns it") from None
    return [entry for entry in entries if not entry.is_dir()]


def read_dump(path: Path, limit: int) -> DumpFile:
    """Read a dump of at most `limit` bytes from the dumps folder.

    Raises DumpError if the file is a symbolic link or not a regular file, is too large, or cannot be read. Raises
    DumpGoneError if the file does not exist, and FileError if the cause is not the file and may go away, such as a lack
    of free descriptors.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # opening a FIFO must not block
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DumpError("not a regular file; `notifier ingest PATH` reads pipes and devices too")
            if status.st_size > limit:
                raise _too_large(limit)
            return DumpFile(path, file.read(limit), status.st_mtime, status.st_mode)
    except FileNotFoundError:
        raise DumpGoneError("the file no longer exists") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DumpError(
                "a symbolic link; `notifier ingest PATH` follows links, the dumps folder does not"
            ) from None
        if error.errno in _TEMPORARY:
            raise FileError(f"cannot be read now: {error.strerror}; it is tried again later") from None
        raise DumpError(f"cannot be read: {error.strerror}") from None


def read_beginning(path: Path, length: int) -> tuple[bytes, int]:
    """Return the first bytes of a regular file, at most `length`, and the size of the file.

    Raises FileError if it is a link or not a regular file, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # opening a FIFO must not block
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FileError(f"{path_text(path)} is not a regular file, so its content is not shown")
            return file.read(length), status.st_size
    except OSError as error:
        reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise FileError(f"cannot read {path_text(path)}: {reason}") from None


def read_any_file(path: Path, limit: int) -> DumpFile:
    """Read a dump of at most `limit` bytes from a path that the operator has given, whatever kind of file it is.

    The path may contain `..` and lead through links. It may name a pipe or a device, which is read to its end, and `-`
    is stdin. Raises DumpError if the content is too large, and FileError if it cannot be read.
    """
    source: Path | int = path
    try:
        if path == STDIN:
            path, source = Path("stdin"), os.dup(0)
        with open(source, "rb") as file:  # noqa: PTH123 - the source may be a descriptor
            content = file.read(limit + 1)
            if len(content) > limit:
                raise _too_large(limit)
            status = os.fstat(file.fileno())
            return DumpFile(path, content, status.st_mtime, status.st_mode)
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror}; check that you may read it") from None


def read_regular_file(path: Path, limit: int) -> DumpFile:
    """Read a dump of at most `limit` bytes from a folder that the operator has given.

    Links are followed. Raises DumpError if the file is too large, and FileError if it cannot be read or is a pipe or a
    device, which could block the files after it.
    """
    if path.exists() and not path.is_file():
        raise FileError("not a regular file; type its own path to read it")
    return read_any_file(path, limit)


def _too_large(limit: int) -> DumpError:
    return DumpError(f"larger than {limit >> 20} MB; split it, or raise [limits] file_mb")
