"""Find out whether a program has a file open for writing."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR


def is_open_for_writing(path: Path) -> bool:
    """Return whether a program has a regular file open for writing.

    Linux grants a read lease on a file only if nobody has it open for writing (fcntl(2)). If leases cannot tell,
    because the file belongs to another user or its file system has no leases, the descriptors in /proc are searched.
    Only the descriptors of processes that this process may inspect are visible there. If neither leases nor /proc can
    tell, the result is false.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        return stat.S_ISREG(status.st_mode) and _has_writer(descriptor, status)
    finally:
        os.close(descriptor)


def _has_writer(descriptor: int, status: os.stat_result) -> bool:
    try:
        # If a program opens the file during the lease, the kernel sends a signal to this process. The default signal,
        # SIGIO, would end the process; SIGURG is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN or _is_written_in_proc(status)
    return False


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
