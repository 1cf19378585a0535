"""Turn the errors of databases into sentences that name a cure."""

from __future__ import annotations

import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from notifier.errors import ConflictError, DiskFullError, StoreError

BUSY_TIMEOUT_MS = 30_000  # how long SQLite waits for another process's lock
# The errors of PostgreSQL that another transaction may have caused: a serialization failure, a deadlock, and a row that
# the other transaction has inserted or deleted (https://www.postgresql.org/docs/current/errcodes-appendix.html).
CONFLICTS = ("40001", "40P01", "23505", "23503")
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)  # the errors of the operating system if a disk is full

# What to tell users, by a part of the database's message.
DISK_IS_FULL = "disk is full"
NO_FILE = "unable to open"
CURES = {
    DISK_IS_FULL: "the disk or the database is full; make room (`df` and `df -i` show what is left) and try again, "
    "nothing that was committed is lost",
    NO_FILE: "the database file cannot be opened; check that its folder exists and that you may write to it",
    "readonly": "the database is read-only; check who owns the file and its folder",
    "locked": f"another process has locked the database for more than {BUSY_TIMEOUT_MS // 1000} s; try again",
    "not a database": "the file is not a SQLite database; name another in [store] url",
    "malformed": "the database file is damaged; restore a backup",
    "disk I/O error": "the disk failed while the database was read or written; check the disk",
}
# The same by PostgreSQL's code of the error (https://www.postgresql.org/docs/current/errcodes-appendix.html), because
# its messages may be in any language.
SERVER_DISK_IS_FULL = "53100"
CURES_BY_CODE = {
    SERVER_DISK_IS_FULL: "the disk of the database server is full; make room there and try again, nothing that was "
    "committed is lost",
    "53200": "the database server has no more memory; give it more, or let fewer processes use it",
    "53300": "the database server has no connection left; raise its max_connections, or run fewer processes",
    "53400": "a limit of the database server was reached; raise the limit that the message names",
}


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn database errors in the block into StoreErrors that name a cure; errors in our SQL pass unchanged."""
    try:
        yield
    except DatabaseError as error:
        if getattr(error.orig, "sqlstate", None) in CONFLICTS:
            raise _conflict(error) from error
        if isinstance(error, IntegrityError | ProgrammingError) and error.statement is not None:
            raise
        raise explanation(error, engine) from error
    except PoolTimeoutError as error:
        raise StoreError(
            "all of this process's database connections are in use, because the database is slow or locked; try again"
        ) from error
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise explanation(error, engine) from error


def _conflict(error: DatabaseError) -> ConflictError:
    """Return the error to raise for a conflict.

    Its message has only the first line of PostgreSQL's message, because the other lines hold values.
    """
    reason = str(error.orig).partition("\n")[0]
    return ConflictError(f"another process changed the same rows at the same moment ({reason}); try again")


def explanation(error: DatabaseError | sqlite3.DatabaseError, engine: Engine) -> StoreError:
    """Return the error to raise in place of a database error: its message, without secrets and values, and a cure."""
    cause: Any = getattr(error, "orig", error)
    code = getattr(cause, "sqlstate", None) or ""
    # The whole text of PostgreSQL's errors has more lines, with values, and hints that are not for notifier's users.
    message = " ".join(((code and cause.diag.message_primary) or str(cause)).split())
    if engine.url.password:
        message = message.replace(str(engine.url.password), "***")
    is_full = code == SERVER_DISK_IS_FULL or _is_disk_full(cause, message, engine.url.database)
    sign = DISK_IS_FULL if is_full else next((sign for sign in CURES if sign in message), "")
    connected = getattr(error, "statement", "") is not None
    usual = "check the database and its disk" if connected else "check [store] url, and that the database runs"
    cure = CURES_BY_CODE.get(code) or CURES.get(sign, usual)
    kind = DiskFullError if is_full else StoreError
    return kind(f"the database reports “{message}”: {cure}")


def _is_disk_full(cause: object, message: str, database: str | None) -> bool:
    """Return whether SQLite found no space on the disk.

    If there is no space for the index of the write-ahead log, SQLite reports an I/O error. If no file can be created
    because the disk has no space or no inode left, SQLite reports only that it cannot open the database.
    """
    name = getattr(cause, "sqlite_errorname", "")
    return name in ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE") or (
        bool(name) and NO_FILE in message and not _can_create_file(Path(database or ".").parent)
    )


def _can_create_file(folder: Path) -> bool:
    """Return whether the disk of a folder has space and inodes for a new file; missing permission does not count."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            return True
    except OSError as error:
        return error.errno not in NO_SPACE
