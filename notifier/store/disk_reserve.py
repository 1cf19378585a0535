"""Reserve space on the database's disk, so that a sender can store the results of mails even if the disk is full."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import Engine

from notifier.errors import DiskFullError

# This is more than SQLite's log grows by when one transaction stores the results of all mails on the wire, or releases
# all claims of a sender: at most a few hundred rows of a few pages each.
RESERVED_MB = 8
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class DiskReserve:
    """The reserved space. A file without a name holds it, so the space becomes free however the process ends."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file = file

    def free(self) -> None:
        """Give the space back to the disk, so that the database can use it."""
        if self._file is not None:
            self._file.close()


@contextmanager
def disk_reserve(engine: Engine) -> Iterator[DiskReserve]:
    """Reserve space beside a SQLite database while the block runs.

    Nothing is reserved for a database on a server or in memory, and nothing on a system that cannot reserve space.
    Raises DiskFullError if there is not enough space.
    """
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        yield DiskReserve()
        return
    reserve = DiskReserve(_allocated(Path(database).parent))
    try:
        yield reserve
    finally:
        reserve.free()


def _allocated(folder: Path) -> IO[bytes] | None:
    """Return an open file without a name that takes RESERVED_MB in `folder`; None if space cannot be reserved there."""
    if not hasattr(os, "posix_fallocate"):  # macOS
        return None
    file = None
    try:
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
        os.posix_fallocate(file.fileno(), 0, RESERVED_MB << 20)
    except OSError as error:
        if file is not None:
            file.close()
        if error.errno in NO_SPACE:
            raise DiskFullError(
                f"the disk is full: a sender needs {RESERVED_MB} MB in {folder}, so that it can store which mails were "
                f"sent; make room and try again, no mail was sent"
            ) from None
        return None
    return file
