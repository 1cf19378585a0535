"""Connect to the database, and begin its two kinds of transaction.

The transactions that pysqlite begins by itself begin too late, so that two writers can overwrite each other's changes.
These transactions are therefore switched off. Instead, a read transaction on SQLite begins with BEGIN, and a write
transaction with BEGIN IMMEDIATE, which takes the write lock before anything is read.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Select, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry

from notifier.errors import ConflictError, DiskFullError, StoreError
from notifier.private_files import close_to_others, create, make_folder
from notifier.store.explanations import BUSY_TIMEOUT_MS, NO_SPACE, explained, explanation
from notifier.store.statements import Values, compiled, rows_of

MOST_CONNECTIONS = 15  # of one engine at once
KEPT_CONNECTIONS = 5  # that stay open while they are not in use
CACHE_KB = 16_384
LOG_PAGES = 4_096  # of 4 KB each; when SQLite's log has this many, they are copied into the database
IMMEDIATE = "notifier_immediate"  # the execution option of write transactions
# The execution options of read transactions. Without them, each statement of a transaction on PostgreSQL would also see
# what others have committed since the previous statement.
ONE_VIEW = {"postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}
WAITS_AFTER_CONFLICTS = (0.05, 0.1, 0.2, 0.5, 1.0)  # the longest wait before each further try, in seconds

log = logging.getLogger("notifier")

# An error in a batch of statements is raised. PostgreSQL's driver also logs a warning about the rest of the batch.
logging.getLogger("psycopg").setLevel(logging.ERROR)

P = ParamSpec("P")
T = TypeVar("T")


def connect(
    url: str, pool_seconds: float | None = None, connections: int = MOST_CONNECTIONS, **arguments: Any
) -> Engine:
    """Return an engine for the store at `url`; create the folder of a SQLite file if it is missing.

    An engine has at most this number of `connections`. If all are in use, StoreError is raised after `pool_seconds`, by
    default 30.
    StoreError is also raised if PostgreSQL's driver is not installed. The driver gets the other `arguments`.
    """
    kept = min(KEPT_CONNECTIONS, connections)
    options: dict[str, Any] = {"pool_size": kept, "max_overflow": connections - kept}
    if pool_seconds is not None:
        options["pool_timeout"] = pool_seconds
    options["connect_args"] = arguments
    try:
        # Errors are logged, and logs must not hold addresses.
        engine = create_engine(parse_url(url), hide_parameters=True, **options)
    except ImportError as error:
        raise StoreError(
            f"the driver of PostgreSQL cannot be loaded ({error}); install it with `pip install 'notifier[postgres]'`"
        ) from None
    if engine.dialect.name == "sqlite":
        database = engine.url.database
        _make_folder(database)
        file = _private_file(database)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", begin)
        if file:
            # After the first connection, because only then it is certain that the file is a database.
            event.listen(engine, "connect", lambda *_: _close_to_others(file), once=True)
    return engine


def parse_url(url: str) -> URL:
    """Return the parts of a URL. What follows sqlite:/// is the name of a file, which may contain a question mark."""
    scheme, _, file = url.partition(":///")
    return URL.create(scheme, database=file) if scheme == "sqlite" else make_url(url)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a read transaction: all its statements see the store as it is when the first of them runs."""
    options = ONE_VIEW.get(engine.dialect.name, {})
    with explained(engine), engine.connect() as connection, connection.execution_options(**options).begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a write transaction; it commits when the block ends, and rolls back if the block raises.

    On PostgreSQL each statement sees what others have committed before it, so rows that must not change have to be read
    with a lock. Raises ConflictError if a concurrent transaction has made this one fail (see `retried`), and StoreError
    if the database fails for another reason.
    """
    with explained(engine), engine.connect() as connection, connection.execution_options(**{IMMEDIATE: True}).begin():
        yield connection


def retried(write: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that runs one write transaction: after a ConflictError, it is run again a few times."""

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for longest_wait in WAITS_AFTER_CONFLICTS:
            try:
                return write(*args, **kwargs)
            except ConflictError:
                time.sleep(random.uniform(0, longest_wait))
        return write(*args, **kwargs)

    return run


class FreshReads(Protocol):
    """Executes queries, each of which sees everything that was committed before it."""

    def rows(self, query: Select[Any], values: Values) -> list[tuple[Any, ...]]:
        """Return the query's result rows. Construct the query once, at import: its compiled form is cached."""
        ...

    def version(self) -> int | None:
        """Return a number that changes when another connection commits; None if the database offers no such number."""
        ...


@contextmanager
def fresh_reads(engine: Engine) -> Iterator[FreshReads]:
    """Open a connection for reads of the newest committed data; it is closed when the block ends."""
    if engine.dialect.name != "sqlite":
        yield _TransactionReads(engine)
        return
    with explained(engine):
        connection = engine.raw_connection()
    with closing(connection), closing(connection.cursor()) as cursor:
        yield _SQLiteReads(engine, cursor)


class _SQLiteReads:
    """Reads through SQLite's driver, without a transaction.

    A query without a transaction sees everything that was committed before it. Going through SQLAlchemy and BEGIN would
    cost twenty times as much as the query.
    """

    def __init__(self, engine: Engine, cursor: DBAPICursor) -> None:
        self._engine = engine
        self._cursor = cursor

    def rows(self, query: Select[Any], values: Values) -> list[tuple[Any, ...]]:
        ready = compiled(query, self._engine.dialect)
        return self._fetch(ready.text, ready.bound(values))

    def version(self) -> int:
        """Return SQLite's data version; see https://sqlite.org/pragma.html#pragma_data_version."""
        ((number,),) = self._fetch("PRAGMA data_version", ())
        return int(number)

    def _fetch(self, statement: str, values: Any) -> list[Any]:
        try:
            self._cursor.execute(statement, values)
            return list(self._cursor.fetchall())
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise explanation(error, self._engine) from error


class _TransactionReads:
    """Reads with one transaction for each query, for databases other than SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def rows(self, query: Select[Any], values: Values) -> list[tuple[Any, ...]]:
        with reading(self._engine) as connection:
            return rows_of(connection, query, values)

    def version(self) -> None:
        return None


def _make_folder(database: str | None) -> None:
    folder = Path(database or ".").parent
    try:
        make_folder(folder)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFullError(
                f"cannot create the database's folder {folder}: {error.strerror}; make room and try again"
            ) from None
        raise StoreError(
            f"cannot create the database's folder {folder}: {error.strerror}; create it, or change [store] url"
        ) from None


def _private_file(database: str | None) -> Path | None:
    """Return the path of the database's file, which is created so that only its owner may read it.

    The result is None for a database in memory, and if the file cannot be created: SQLite will fail too, and that error
    is explained.
    """
    if not database or database.startswith((":memory:", "file:")):
        return None
    file = Path(os.path.realpath(database))
    try:
        create(file)
    except OSError:
        return None
    return file


def _close_to_others(file: Path) -> None:
    """Close the files of a database to other users if they are open to all; if that fails, log it.

    SQLite makes files beside a database, with the same mode as the database.
    """
    for each in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        try:
            if close_to_others(each):
                log.warning("%s was open to other users of this machine; now only its owner may read it", each)
        except OSError as error:
            log.warning("other users of this machine may read %s (%s); run chmod 600 on it", each, error.strerror)


def _set_pragmas(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # The pages that ingesting a dump changes fit into the cache and the log, so that each page is written only once.
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging.

    This tries again for BUSY_TIMEOUT_MS: SQLite reports "locked" without waiting if another process switches too.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def begin(connection: Connection) -> None:
    """Begin the kind of transaction that the execution options of the connection ask for."""
    immediate = connection.get_execution_options().get(IMMEDIATE)
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
