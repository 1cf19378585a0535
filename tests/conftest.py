"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from notifier.store.schema import open_store

pytest_plugins = ["support.ci_skips", "support.postgres", "support.pipelining"]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A store of its own for each test: a SQLite file, as shipped."""
    opened = open_store(f"sqlite:///{tmp_path}/store/notifier.db")
    yield opened
    opened.dispose()
