"""Copy a SQLite database while other processes use it, and recognise such a copy.

The copy is made with SQLite's backup API. A read transaction is open until the copy is complete, so it holds one state
of the database, however much is written meanwhile. In write-ahead logging, readers do not hold up writers.

A copy differs from a database in use by its header (https://www.sqlite.org/fileformat2.html#the_database_header): it
has APPLICATION_ID, and is not in write-ahead logging until notifier opens it. So it is one file, with no log beside it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from notifier.errors import DiskFullError, StoreError
from notifier.store.explanations import BUSY_TIMEOUT_MS

APPLICATION_ID = b"noti"
STEP_PAGES = 256  # pages that are copied at once (1 MB); Ctrl-C takes effect between two such steps

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_FORMATS = slice(18, 20)  # which journal the file has, for writers and for readers
_NO_LOG = b"\x01\x01"
_APPLICATION = slice(68, 72)

Follow = Callable[[int, int], None]


def is_backup(file: Path) -> bool:
    """Return whether a file is a copy that `copy_database` has made, and that was not used since. Raises OSError."""
    with file.open("rb") as opened:
        header = opened.read(_HEADER_BYTES)
    is_ours = header.startswith(_MAGIC) and header[_APPLICATION] == APPLICATION_ID
    return is_ours and header[_FORMATS] == _NO_LOG


def copy_database(database: Path, copy: Path, follow: Follow) -> str:
    """Copy a database into an empty file, check the copy, and return the version of its tables.

    `follow` is called with how many pages are left, and how many there are. Raises StoreError if the database cannot be
    read or is not notifier's, and DiskFullError if the copy finds no room.
    """
    try:
        with closing(_opened(database, "rw")) as source, closing(_opened(copy, "rw")) as target:
            # The copy is thrown away if anything goes wrong, so it needs no journal; the caller flushes it to the disk.
            target.execute("PRAGMA journal_mode = OFF")
            target.execute("PRAGMA synchronous = OFF")
            source.execute("BEGIN")
            version = _version(source, database)
            source.backup(target, pages=STEP_PAGES, progress=lambda _, left, total: follow(left, total))
        _mark(copy)
        _check(copy)
    except sqlite3.DatabaseError as error:
        raise _explained(error, database, copy) from None
    except OSError as error:
        raise StoreError(f"cannot write {copy}: {error.strerror}; check its disk") from None
    return version


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT_MS / 1000)
    connection.isolation_level = None
    return connection


def _version(connection: sqlite3.Connection, database: Path) -> str:
    """Return the version of the tables; from this read on, the transaction sees one unchanging state."""
    has_version = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.execute(has_version).fetchone() is None:
        raise StoreError(f"{database} has no tables of notifier; name the database in [store] url")
    ((version,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(version)


def _mark(copy: Path) -> None:
    """Change the header of a copy, so that `is_backup` recognises it; no process has the file open."""
    with copy.open("r+b") as file:
        for place, value in ((_FORMATS, _NO_LOG), (_APPLICATION, APPLICATION_ID)):
            os.pwrite(file.fileno(), value, place.start)
        os.fsync(file.fileno())


def _check(copy: Path) -> None:
    with closing(_opened(copy, "ro")) as connection:
        ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        raise StoreError(f"the database is damaged ({found}), so it has no use as a backup; restore an older one")


def _explained(error: sqlite3.DatabaseError, database: Path, copy: Path) -> StoreError:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return DiskFullError(f"the disk of {copy.parent} has no room for a backup; make room or name another folder")
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return StoreError(f"{database} is damaged or no SQLite database ({error}); restore an older backup")
    return StoreError(f"the backup of {database} failed ({error}); check both disks, and who owns the files")
