"""Fixtures for tests of the pages of administrators: Ann, who is one, is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.admin_site import admin_config, serve_to_admin

from notifier.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return admin_config(tmp_path)


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    with serve_to_admin(engine, config) as client:
        yield client
