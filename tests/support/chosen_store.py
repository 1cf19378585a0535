"""A pytest plugin that lets the tests run on PostgreSQL, with NOTIFIER_TESTS_STORE in the environment.

Its value is `postgresql`, or the URL of a server. Every test then has an empty PostgreSQL database: `engine` and the
first `new_store` of the test open it, and NOTIFIER_STORE__URL names it, in place of what a config says, to this process
and to the commands that the test runs. Each further `new_store` opens another database.

Tests marked `sqlite` have SQLite as their subject, or several stores that only their configs name. They are left out,
and so is the variant on SQLite of every test that runs on both databases.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import stores
from support.postgres import PostgresDatabases

from notifier.config.environment import variable_of

IS_CHOSEN = bool(os.environ.get("NOTIFIER_TESTS_STORE"))
STORE_URL = variable_of(("store", "url"))

# A database that was neither changed nor left open serves the next test too.
_unused: dict[str, tuple[str, int]] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not IS_CHOSEN:
        return
    left_out = [item for item in items if _is_on_sqlite(item)]
    items[:] = [item for item in items if item not in set(left_out)]
    config.hook.pytest_deselected(items=left_out)


def _is_on_sqlite(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return item.get_closest_marker("sqlite") is not None or "sqlite" in (callspec.params.values() if callspec else ())


@pytest.fixture(scope="session", autouse=True)
def chosen_databases(request: pytest.FixtureRequest) -> PostgresDatabases | None:
    """Let `new_store` make its stores in PostgreSQL, if that is chosen."""
    stores.databases = request.getfixturevalue("postgres_databases") if IS_CHOSEN else None
    return stores.databases


@pytest.fixture(autouse=True)
def chosen_store(chosen_databases: PostgresDatabases | None, tmp_path: Path) -> Iterator[None]:
    """Give the test a database, if PostgreSQL is chosen."""
    if chosen_databases is None:
        yield
        return
    url = _unused_database(chosen_databases)
    stores.of_test = stores.StoreOfTest(url, tmp_path)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(STORE_URL, url)
        yield
    for engine in stores.of_test.engines:
        engine.dispose()
        if (further := engine.url.render_as_string(hide_password=False)) != url:
            chosen_databases.drop(further)
    stores.of_test = None


def _unused_database(databases: PostgresDatabases) -> str:
    for url, position in list(_unused.items()):
        if databases.position(url) == position:
            return url
        databases.drop(url)
        del _unused[url]
    url = databases.make()
    _unused[url] = databases.position(url)
    return url
