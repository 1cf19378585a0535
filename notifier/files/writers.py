"""Find out whether a program has a file open for writing."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from enum import Enum
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR


class Writer(Enum):
    """The answer to the question whether a program has a file open for writing."""

    NONE = "none"
    OPEN = "open"
    UNKNOWN = "unknown"


def writer_of(path: Path) -> Writer:
    """Return whether a program has a regular file open for writing.

    Linux grants a read lease on a file only if nobody has it open for writing (fcntl(2)). A process gets leases only on
    files of its own user, and only if the file system has them. If a lease is refused for such a reason, the
    descriptors in /proc are searched for a writer. There, a process sees only the descriptors of its own user, so
    if no writer is found, the result is UNKNOWN.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except PermissionError:
        return Writer.UNKNOWN
    except OSError:
        return Writer.NONE
    try:
        status = os.fstat(descriptor)
        return _writer(descriptor, status) if stat.S_ISREG(status.st_mode) else Writer.NONE
    finally:
        os.close(descriptor)


def _writer(descriptor: int, status: os.stat_result) -> Writer:
    try:
        # If a program opens the file during the lease, the kernel sends a signal to this process. The default signal,
        # SIGIO, would end the process; SIGURG is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return Writer.OPEN if error.errno == errno.EAGAIN or _is_written_in_proc(status) else Writer.UNKNOWN
    return Writer.NONE


def _is_written_in_proc(file: os.stat_result) -> bool:
    processes = (path for path in _entries(Path("/proc")) if path.name.isdigit())
    return any(_writes(descriptor, file) for process in processes for descriptor in _entries(process / "fd"))


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # the process has ended, or belongs to somebody else
        return []


def _writes(descriptor: Path, file: os.stat_result) -> bool:
    """Return whether this descriptor of a process, `/proc/PID/fd/NUMBER`, is open for writing to the file."""
    try:
        if not os.path.samestat(descriptor.stat(), file):
            return False
        details = descriptor.parent.with_name("fdinfo") / descriptor.name
        lines = details.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return False
    return any(line.startswith("flags:") and int(line.split()[1], 8) & _WRITING for line in lines)
