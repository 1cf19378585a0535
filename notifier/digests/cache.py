"""What was made before and may be needed again, bounded by the bytes that it takes."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar

T = TypeVar("T")


class Memory:
    """Tables of what was made before, bounded together: when they hold `limit` bytes, all start anew."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._tables: list[dict[Any, Any]] = []
        self._parts: list[Memory] = []

    def table(self) -> dict[Any, Any]:
        """A new table."""
        self._tables.append({})
        return self._tables[-1]

    def part(self, share: int) -> Memory:
        """A memory that starts anew with this one, and by itself at a `share`-th of its limit, which comes on top."""
        self._parts.append(Memory(self._limit // share))
        return self._parts[-1]

    def spend(self, size: int) -> None:
        """Make room for what takes about `size` bytes and is put into a table next."""
        self._used += size
        if self._used > self._limit:
            self.clear()
            self._used = size

    def clear(self) -> None:
        """Start anew."""
        for table in self._tables:
            table.clear()
        for part in self._parts:
            part.clear()
        self._used = 0


class Hashed(tuple[T, ...]):
    """A tuple that works out its hash once, so that things can be found by it however long it is."""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return tuple.__hash__(self)
