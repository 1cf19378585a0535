"""Statements that several files need: long lists cut to size, and rows put in or changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, repeat
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnDefault,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Table,
    Text,
    any_,
    bindparam,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from notifier.store.prepared import converted, execute_many

BOUND_VALUES = 500  # in one IN list

T = TypeVar("T")


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """`values` in lists of at most BOUND_VALUES."""
    remaining = iter(values)
    while some := list(islice(remaining, BOUND_VALUES)):
        yield some


def among(connection: Connection, column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether the column's text is one of these: one parameter, however many, where a list has one for each."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(values), ARRAY(Text)))


def one_of(dialect: str, column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """Whether the column's number is in the list that is bound as `name`; see among."""
    listed = bindparam(name, type_=_Numbers())
    if dialect == "sqlite":
        return column.in_(select(func.json_each(listed).table_valued("value").c.value))
    return column == any_(listed)


class _Numbers(TypeDecorator[list[int]]):
    """A list of numbers as one parameter."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Integer))

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else value


def insert_one(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    """A new row; returns its id."""
    new_id: int = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
    return new_id


def insert_all(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """New rows in one statement, of the columns that the first one has; without any, nothing is said to the database.

    The values go to the driver column by column, for SQLAlchemy's own way, value by value, costs more than the database
    itself.
    """
    if rows:
        _execute_for_all(connection, _insertion(table, tuple(rows[0]), connection.dialect), rows)


class _Column(NamedTuple):
    """What a column takes where rows have no value for it, again and again, and what a value becomes for the driver."""

    name: str
    parameter: str
    defaults: Iterable[Any]
    convert: Callable[[Any], Any] | None


class _Statement(NamedTuple):
    """A statement in the driver's own SQL, and its parameters in their order; `values_of` takes a row apart."""

    text: str
    columns: list[_Column]
    values_of: Callable[[dict[str, Any]], tuple[Any, ...]]


def _execute_for_all(connection: Connection, statement: _Statement, rows: Sequence[dict[str, Any]]) -> None:
    by_name = dict(zip(rows[0], zip(*map(statement.values_of, rows), strict=True), strict=True))
    columns = [
        converted(by_name[each.name], each.convert) if each.name in by_name else each.defaults
        for each in statement.columns
    ]
    values = zip(*columns)  # noqa: B905 - defaults have no end
    if connection.dialect.positional:
        parameters: list[Any] = list(values)
    else:
        names = [each.parameter for each in statement.columns]
        parameters = [dict(zip(names, each, strict=True)) for each in values]
    execute_many(connection, statement.text, parameters)


@lru_cache(maxsize=64)
def _insertion(table: Table, given: tuple[str, ...], dialect: Dialect) -> _Statement:
    assert set(given) <= set(table.columns.keys()), f"{table.name} has no such columns"
    columns = [column for column in table.columns if column.name in given or column.default is not None]
    compiled = insert(table).inline().compile(dialect=dialect, column_keys=[column.name for column in columns])
    return _Statement(compiled.string, [_column(column, dialect) for column in columns], _values_of(given))


def _values_of(given: tuple[str, ...]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    return itemgetter(*given) if len(given) > 1 else lambda row: tuple(row.values())


def _column(column: Column[Any], dialect: Dialect, parameter: str = "") -> _Column:
    default = column.default.arg if isinstance(column.default, ColumnDefault) else None
    convert = column.type.dialect_impl(dialect).bind_processor(dialect)
    return _Column(column.name, parameter or column.name, repeat(default), convert)
