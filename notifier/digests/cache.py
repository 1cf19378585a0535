"""Cache results in several tables, which are limited by the bytes that they hold together."""

from __future__ import annotations

from typing import Any


class Cache:
    """Tables of results that may be needed again. When they hold more than `limit` bytes together, all are emptied."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._tables: list[dict[Any, Any]] = []

    def table(self) -> dict[Any, Any]:
        """Return a new table of this cache."""
        self._tables.append({})
        return self._tables[-1]

    def make_room(self, size: int) -> None:
        """Count about `size` bytes, which the caller puts into a table next, and empty the tables if they are full."""
        self._used += size
        if self._used > self._limit:
            self.clear()
            self._used = size

    def clear(self) -> None:
        """Empty every table."""
        for table in self._tables:
            table.clear()
        self._used = 0
