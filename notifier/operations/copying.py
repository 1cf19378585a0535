"""Copy the database into another one, such as from SQLite to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from notifier.config import check_database_url, without_password
from notifier.errors import UsageError
from notifier.store import copying, open_store
from notifier.store.copying import TableSum


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A copy that was made: the URL of its database without the password, and the sums of each table."""

    name: str
    tables: dict[str, TableSum]

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return sum(each.rows for each in self.tables.values())


def copy_database(engine: Engine, url: str, follow: Callable[[int, int], None]) -> DatabaseCopy:
    """Copy all rows into the empty database at `url`, whose tables are made first, and check the copy.

    `follow` is called with how many rows are copied, and how many there are. If anything goes wrong, nothing is copied.
    Raises UsageError for a URL that notifier cannot use, and for a database that is not empty.
    """
    try:
        check_database_url(url)
    except ValueError as error:
        raise UsageError(f"cannot copy to this database: {error}") from None
    target = open_store(url)
    try:
        tables = copying.copy_rows(engine, target, follow)
    finally:
        target.dispose()
    return DatabaseCopy(url if url.startswith("sqlite") else without_password(url), tables)
