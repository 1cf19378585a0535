"""Statements that several files need: long lists cut to size, and rows put in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Column, ColumnDefault, Connection, Dialect, Table, insert

BOUND_VALUES = 500  # in one IN list

T = TypeVar("T")


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """`values` in lists of at most BOUND_VALUES."""
    remaining = iter(values)
    while some := list(islice(remaining, BOUND_VALUES)):
        yield some


def insert_one(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    """A new row; returns its id."""
    new_id: int = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
    return new_id


def insert_all(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """New rows in one statement, of the columns that the first one has; without any, nothing is said to the database.

    The values go to the driver column by column, for SQLAlchemy's own way, value by value, costs more than the database
    itself.
    """
    if not rows:
        return
    insertion = _insertion(table, tuple(rows[0]), connection.dialect)
    columns = [
        _converted([row.get(name, default) for row in rows], convert) for name, default, convert in insertion.columns
    ]
    values = zip(*columns, strict=True)
    names = [column.name for column in insertion.columns]
    is_positional = connection.dialect.positional
    connection.exec_driver_sql(
        insertion.statement, list(values) if is_positional else [dict(zip(names, each, strict=True)) for each in values]
    )


class _Column(NamedTuple):
    """What a column takes where a row has no value for it, and what its values become for the driver."""

    name: str
    default: Any
    convert: Callable[[Any], Any] | None


class _Insertion(NamedTuple):
    """A statement in the driver's own SQL, and its parameters in their order."""

    statement: str
    columns: list[_Column]


@lru_cache(maxsize=64)
def _insertion(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Insertion:
    columns = [column for column in table.columns if column.name in names or column.default is not None]
    compiled = insert(table).compile(dialect=dialect, column_keys=[column.name for column in columns])
    return _Insertion(compiled.string, [_column(column, dialect) for column in columns])


def _column(column: Column[Any], dialect: Dialect) -> _Column:
    default = column.default.arg if isinstance(column.default, ColumnDefault) else None
    return _Column(column.name, default, column.type.dialect_impl(dialect).bind_processor(dialect))


def _converted(values: list[Any], convert: Callable[[Any], Any] | None) -> list[Any]:
    """The values as the driver takes them; most days and sources are met again and again, and converted once."""
    if convert is None:
        return values
    converted = {value: convert(value) for value in set(values)}
    return list(map(converted.__getitem__, values))
