"""Plugins and fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.stores import new_store

pytest_plugins = [
    "support.threads",
    "support.thoroughness",
    "support.ci_skips",
    "support.postgres",
    "support.chosen_store",
    "support.pipelining",
    "support.sign_ups",
]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a value of bytes by its argument, because pytest would write the bytes themselves into the test's name.

    A gzip archive contains the second it was made in, so workers of pytest-xdist could collect different names.
    """
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Open a new store for each test: in a SQLite file, which is the default, or in the database that was chosen."""
    engine = new_store(tmp_path / "store/notifier.db")
    yield engine
    engine.dispose()
