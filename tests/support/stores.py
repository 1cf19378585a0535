"""Open a new store for a test without running every migration again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from notifier.store.schema import open_store

if TYPE_CHECKING:
    from support.postgres import PostgresDatabases


@dataclass
class StoreOfTest:
    """The PostgreSQL database of the test that runs, and the engines of all databases that it has asked for."""

    url: str
    folder: Path
    is_open: bool = False
    engines: list[Engine] = field(default_factory=list)


# These are None on SQLite; see `chosen_store`.
databases: PostgresDatabases | None = None
of_test: StoreOfTest | None = None


def new_store(file: Path) -> Engine:
    """Open a new store in a SQLite file, which is the default of notifier, or in the database that was chosen.

    The file is a copy of a store that the migrations have created once in this process, because they take longer than
    most tests.
    """
    if databases:
        return _new_database(databases, file)
    assert not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(_migrated().name, "notifier.db"), file)
    return open_store(f"sqlite:///{file}")


def _new_database(databases: PostgresDatabases, file: Path) -> Engine:
    """Open the database of the test for the first file in its folder, and a new one for every other file."""
    if of_test and not of_test.is_open and file.is_relative_to(of_test.folder):
        of_test.is_open = True
        engine = open_store(of_test.url)
    else:
        engine = open_store(databases.make())
    if of_test:
        of_test.engines.append(engine)
    return engine


def open_again(engine: Engine) -> Engine:
    """Open a store that is open already, as another process would."""
    return open_store(engine.url.render_as_string(hide_password=False))


def copy_store(source: Engine, file: Path) -> Engine:
    """Open a copy of a store that nobody uses: of a SQLite file as the given file, or in a further database."""
    name = str(source.url.database)
    if databases and of_test:
        of_test.engines.append(open_store(databases.make(template=name)))
        return of_test.engines[-1]
    shutil.copy(name, file)
    return open_store(f"sqlite:///{file}")


@cache
def _migrated() -> TemporaryDirectory[str]:
    """Create a store, and return the folder that holds it until the process ends."""
    folder = TemporaryDirectory()
    open_store(f"sqlite:///{folder.name}/notifier.db").dispose()
    return folder
