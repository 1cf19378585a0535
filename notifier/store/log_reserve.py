"""Reserve space in SQLite's write-ahead log, so that the results of sent mails can be stored even if the disk is full.

The space lies behind the last frame of the log, in the log's own file. So no other program can take it, and SQLite
needs no more space when it appends the next frames. SQLite ignores the zeros there: a frame is valid only if it has the
salts of the log's header (https://www.sqlite.org/fileformat2.html#the_write_ahead_log). SQLite does not shorten the
file before its last connection is closed. SQLite has no lock on this file, so it can be opened and closed here. A file
system that copies data when it is overwritten (btrfs, ZFS) may still need space when SQLite restarts the log.

The index of the log (`-shm`) needs 32 KB more for each 4096 frames. If this process opened and closed that file, the
locks that SQLite has on it would be lost (https://www.sqlite.org/howtocorrupt.html, section 2.2). Therefore, another
process reserves that space.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from bisect import bisect_left
from pathlib import Path

from sqlalchemy import Connection

from notifier.errors import DiskFullError
from notifier.store.explanations import NO_SPACE

# This is more than the log grows by when one transaction stores the results of all mails on the wire, or releases all
# claims of a sender: at most a few hundred rows of a few pages each.
RESERVED_MB = 8

# The same for the database itself, whose number of pages SQLite may limit (`PRAGMA max_page_count`).
RESERVED_PAGES = 256

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_INDEX_BLOCK_BYTES = 32_768
_INDEX_BLOCK_FRAMES = 4096
_INDEX_HEADER_FRAMES = 34  # the first block describes this many frames fewer
_ALLOCATE = "import os, sys; os.posix_fallocate(os.open(sys.argv[1], os.O_RDWR), 0, int(sys.argv[2]))"


def reserve_log(connection: Connection) -> None:
    """Ensure that the next RESERVED_MB of the log need no more space on the disk.

    Call this in a write transaction: nobody else may write to the log meanwhile. Nothing is reserved for a database on
    a server or in memory, and nothing on a system that cannot reserve space. Raises DiskFullError if there is not
    enough space.
    """
    database = connection.engine.url.database
    if connection.dialect.name != "sqlite" or not database or not hasattr(os, "posix_fallocate"):  # macOS has none
        return
    try:
        frames = _reserve(Path(f"{database}-wal"))
        _reserve_index(Path(f"{database}-shm"), frames)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFullError(
                f"the disk is full: a sender needs {RESERVED_MB} MB in {Path(database).parent}, so that it can store "
                "which mails were sent; make room and try again, no further mail was sent"
            ) from None
    if _free_pages(connection) < RESERVED_PAGES:
        raise DiskFullError(
            f"the database or disk is full: a sender needs room for {RESERVED_PAGES} more pages, so that it can store "
            "which mails were sent; raise SQLite's max_page_count and try again, no further mail was sent"
        )


def _free_pages(connection: Connection) -> int:
    """Return how many pages SQLite may still use: those that are free, and those by which the file may grow."""
    most, used, free = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("max_page_count", "page_count", "freelist_count")
    )
    return most - used + free


def _reserve(log: Path) -> int:
    """Reserve the space behind the last frame of the log; return how many frames the log and that space can hold."""
    file = os.open(log, os.O_RDWR)
    try:
        header = os.pread(file, _HEADER_BYTES, 0)
        frame_bytes = _FRAME_HEADER_BYTES + (int.from_bytes(header[8:12], "big") or 4096)
        end = _HEADER_BYTES + frame_bytes * _frames_in_use(file, header[16:24], frame_bytes)
        os.posix_fallocate(file, end, RESERVED_MB << 20)
    finally:
        os.close(file)
    return (end + (RESERVED_MB << 20)) // frame_bytes


def _frames_in_use(file: int, salts: bytes, frame_bytes: int) -> int:
    """Return the number of frames with the salts of the log's header.

    These are the first frames of the file. Behind them are frames from before the log was last restarted, or zeros.
    """
    if not any(salts):
        return 0

    def is_unused(frame: int) -> bool:
        return os.pread(file, 8, _HEADER_BYTES + frame * frame_bytes + 8) != salts

    return bisect_left(range(os.fstat(file).st_size // frame_bytes + 1), x=True, key=is_unused)


def _reserve_index(index: Path, frames: int) -> None:
    """Reserve the space of an index of this many frames. Raises OSError."""
    needed = _INDEX_BLOCK_BYTES * (1 + (frames + _INDEX_HEADER_FRAMES) // _INDEX_BLOCK_FRAMES)
    if index.stat().st_size >= needed:
        return
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _ALLOCATE, str(index), str(needed)], capture_output=True, check=False
    )
    if run.returncode and f"[Errno {errno.ENOSPC}]".encode() in run.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
