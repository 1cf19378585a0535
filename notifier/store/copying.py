"""Copy a whole store into an empty one, in the same kind of database or in the other kind, and compare the two.

The source is read in one transaction, and the target is written in one, so the target stays empty if anything goes
wrong. The index of words differs between the two kinds, so it is made again from the stored tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, Table, column, exists, func, insert, select, table, text, update

from notifier.errors import StoreError, UsageError
from notifier.store import paper_tokens
from notifier.store.engine import reading, writing
from notifier.store.tables import Table as OurTable

BATCH_ROWS = 1_000
_SUMS = 1 << 64

_LAST_VALUE = text("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, 'id') AS regclass))")
_sequences = table("sqlite_sequence", column("name"), column("seq"))

Follow = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows a table has, and a checksum over all their values that does not depend on their order."""

    rows: int = 0
    checksum: int = 0

    def with_rows(self, rows: Sequence[Sequence[Any]]) -> TableSum:
        """Return the sum with these rows too."""
        digests = (blake2b(repr(tuple(row)).encode(), digest_size=8).digest() for row in rows)
        checksum = sum((int.from_bytes(each, "big") for each in digests), self.checksum) % _SUMS
        return TableSum(self.rows + len(rows), checksum)


def copy_rows(source: Engine, target: Engine, follow: Follow) -> dict[str, TableSum]:
    """Copy all rows into an empty store, compare both stores, and return the sums of each table.

    `follow` is called with how many rows are copied, and how many there are. Raises UsageError if the target has rows,
    and StoreError if a table of the target differs from that of the source in the end; nothing is copied then.
    """
    with reading(source) as old, writing(target) as new:
        _check_empty(new)
        counts = [old.scalar(select(func.count()).select_from(each)) or 0 for each in _tables()]
        progress = _Progress(follow, sum(counts))
        copied = {each.name: _copy_table(old, new, each, progress) for each in _tables()}
        for each in _tables():
            if "id" in each.columns:
                _go_on_numbering(old, new, each)
        paper_tokens.index_stored(new)
        for each in _tables():
            _compare(each.name, copied[each.name], _sum_of(_batches(new, each)))
    return copied


class _Progress:
    """Counts the rows that are copied, and calls `follow` with this number and that of all rows."""

    def __init__(self, follow: Follow, total: int) -> None:
        self._follow, self._done, self._total = follow, 0, total

    def add(self, rows: int) -> None:
        self._done += rows
        self._follow(self._done, self._total)


def _tables() -> Sequence[Table]:
    """Return all tables, each after those that it refers to."""
    return OurTable.metadata.sorted_tables


def _check_empty(new: Connection) -> None:
    for each in _tables():
        if new.scalar(select(exists(select(1).select_from(each)))):
            raise UsageError(
                f"the database to copy to is not empty: it has rows in the table {each.name}; name a new, empty one, "
                "as `createdb` makes it"
            )


def _copy_table(old: Connection, new: Connection, each: Table, progress: _Progress) -> TableSum:
    copied = TableSum()
    for rows in _batches(old, each):
        new.execute(insert(each), [dict(zip(each.columns.keys(), row, strict=True)) for row in rows])
        copied = copied.with_rows(rows)
        progress.add(len(rows))
    return copied


def _batches(connection: Connection, each: Table) -> Iterator[Sequence[Sequence[Any]]]:
    return connection.execute(select(each), execution_options={"yield_per": BATCH_ROWS}).partitions()


def _sum_of(batches: Iterable[Sequence[Sequence[Any]]]) -> TableSum:
    found = TableSum()
    for rows in batches:
        found = found.with_rows(rows)
    return found


def _compare(name: str, wanted: TableSum, found: TableSum) -> None:
    if found != wanted:
        raise StoreError(
            f"the copy of the table {name} differs: {found.rows} rows with the sum {found.checksum:x}, and not "
            f"{wanted.rows} with {wanted.checksum:x}; nothing was copied; please report this"
        )


def _go_on_numbering(old: Connection, new: Connection, numbered: Table) -> None:
    """Let new rows of the target get higher ids than any row of the source ever had."""
    highest = max(old.scalar(select(func.max(numbered.c.id))) or 0, _highest_given(old, numbered))
    if not highest:
        return
    if new.dialect.name == "postgresql":
        new.execute(select(func.setval(func.pg_get_serial_sequence(numbered.name, "id"), highest)))
    elif numbered.dialect_options["sqlite"]["autoincrement"]:
        is_of_table = _sequences.c.name == numbered.name
        if not new.execute(update(_sequences).where(is_of_table).values(seq=highest)).rowcount:
            new.execute(insert(_sequences).values(name=numbered.name, seq=highest))


def _highest_given(old: Connection, numbered: Table) -> int:
    """Return the highest id that the database remembers to have given; 0 if it remembers none."""
    if old.dialect.name == "postgresql":
        return old.scalar(_LAST_VALUE, {"table": numbered.name}) or 0
    return old.scalar(select(_sequences.c.seq).where(_sequences.c.name == numbered.name)) or 0
