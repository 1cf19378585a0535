"""Open a new store for a test without running every migration again."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from notifier.store.schema import open_store


def new_store(file: Path) -> Engine:
    """Open a new store in a SQLite file, which is the default of notifier.

    The file is a copy of a store that the migrations have created once in this process, because they take longer than
    most tests.
    """
    assert not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(_migrated().name, "notifier.db"), file)
    return open_store(f"sqlite:///{file}")


@cache
def _migrated() -> TemporaryDirectory[str]:
    """Create a store, and return the folder that holds it until the process ends."""
    folder = TemporaryDirectory()
    open_store(f"sqlite:///{folder.name}/notifier.db").dispose()
    return folder
