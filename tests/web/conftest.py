"""Fixtures for tests of the pages. A test file that needs another config or client defines its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.web_site import serve_pages, write_config

from notifier.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Write a secret key and a config with a base URL, and load the config."""
    return write_config(tmp_path)


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    """Serve the pages, and return a client for them."""
    with serve_pages(engine, config) as client:
        yield client
