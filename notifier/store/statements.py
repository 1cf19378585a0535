"""Compile SQL statements once, and give them to the database driver directly.

Executing a statement through SQLAlchemy takes about ten times as long as SQLite itself needs for it. Statements that
run very often are therefore compiled once for each database, and their parameters are converted column by column. This
module also holds the helpers for long lists of values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnDefault,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import Insert, ReturningUpdate, Update
from sqlalchemy.types import TypeDecorator, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

BOUND_VALUES = 500  # the most values in the list of an IN condition

Statement = Select[Any] | Update | ReturningUpdate[Any] | Insert
Values = Mapping[str, Any]
Convert = Callable[[Any], Any]

T = TypeVar("T")


class CompiledStatement(NamedTuple):
    """A statement as the SQL text that a database driver takes.

    `constants` holds the parameters whose values are part of the statement. `parameters` lists all parameters in the
    driver's order, each with the function that converts a value to the driver's type, or None. `columns` lists, by
    index, the result columns whose values must be converted from the driver's type. `is_positional` says that the
    driver takes parameters by position, not by name.
    """

    text: str
    constants: dict[str, Any]
    parameters: list[tuple[str, Convert | None]]
    columns: list[tuple[int, Convert]]
    is_positional: bool

    def bound(self, values: Values) -> Any:
        """Return the values of all parameters in the form that the driver takes; `values` gives them by name."""
        given = {**self.constants, **values}
        bound = [given[name] if convert is None else convert(given[name]) for name, convert in self.parameters]
        return bound if self.is_positional else self._named(bound)

    def all_bound(self, values: Values, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Return, for each row, the values of all parameters in the form that the driver takes.

        Each row gives the values of the parameters `names`, and `values` gives those of the other parameters.
        """
        given = {**self.constants, **values}
        by_name = dict(zip(names, zip(*rows, strict=True), strict=True))
        columns = [
            _converted(by_name.get(name) or [given[name]] * len(rows), convert) for name, convert in self.parameters
        ]
        by_row = zip(*columns, strict=True)
        return list(by_row) if self.is_positional else list(map(self._named, by_row))

    def _named(self, bound: Sequence[Any]) -> dict[str, Any]:
        return {name: value for (name, _), value in zip(self.parameters, bound, strict=True)}


@lru_cache(maxsize=64)
def compiled(statement: Statement, dialect: Dialect) -> CompiledStatement:
    """Return a statement compiled for a database.

    The result is cached by the statement object, so construct the statement once, at import.
    """
    return _compiled(statement.compile(dialect=dialect), statement, dialect)


def rows_of(connection: Connection, statement: Statement, values: Values) -> list[tuple[Any, ...]]:
    """Execute a statement and return its result rows."""
    ready = compiled(statement, connection.dialect)
    rows = _execute(connection, ready.text, ready.bound(values)).fetchall()
    if not (ready.columns and rows):
        return list(rows)
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for index, convert in ready.columns:
        by_column[index] = _converted(by_column[index], convert)
    return list(zip(*by_column, strict=True))


def run(connection: Connection, statement: Statement, values: Values) -> None:
    """Execute a statement that returns no rows."""
    ready = compiled(statement, connection.dialect)
    _execute(connection, ready.text, ready.bound(values))


def run_for_all(
    connection: Connection, statement: Statement, values: Values, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Execute a statement once for each row of parameters.

    Each row gives the values of the parameters `names`, and `values` gives those of the other parameters.
    """
    if rows:
        ready = compiled(statement, connection.dialect)
        _execute_many(connection, ready.text, ready.all_bound(values, names, rows))


def insert_one(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    """Insert a row and return its id."""
    new_id: int = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
    return new_id


def insert_into(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT of the database's dialect, which can say what happens if the row exists already."""
    if dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def insert_all(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, ignore_known: bool = False
) -> None:
    """Insert rows that all give the same columns; the other columns of the table get their defaults.

    With `ignore_known`, a row whose key the table holds already is left out. This waits for other transactions that are
    inserting the same key.
    """
    if rows:
        names = tuple(rows[0])
        ready = _insertion(table, names, connection.dialect, ignore_known)
        values_of: Callable[[dict[str, Any]], Any] = itemgetter(*names) if len(names) > 1 else _only_value
        _execute_many(connection, ready.text, ready.all_bound({}, names, list(map(values_of, rows))))


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield `values` in lists of at most BOUND_VALUES."""
    remaining = iter(values)
    while batch := list(islice(remaining, BOUND_VALUES)):
        yield batch


def in_values(connection: Connection, column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a text column equals one of these values, which are bound as one parameter."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(values), ARRAY(Text)))


def in_numbers(connection: Connection, column: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a number column equals one of these numbers, which are bound as one parameter."""
    listed = literal(list(numbers), _Numbers())
    if connection.dialect.name == "sqlite":
        return column.in_(select(func.json_each(listed).table_valued("value").c.value))
    return column == any_(listed)


def in_parameter(dialect: str, column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """Return the condition that a number column equals one of the numbers bound as the parameter `name`."""
    listed = bindparam(name, type_=_Numbers())
    if dialect == "sqlite":
        return column.in_(select(func.json_each(listed).table_valued("value").c.value))
    return column == any_(listed)


class _Numbers(TypeDecorator[list[int]]):
    """The type of a parameter that is a list of numbers: JSON text for SQLite, an array for PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(BigInteger))

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else value


@lru_cache(maxsize=64)
def _insertion(table: Table, given: tuple[str, ...], dialect: Dialect, ignore_known: bool) -> CompiledStatement:
    """Return the statement that inserts rows with the given columns and the defaults of the others."""
    unknown = set(given) - set(table.columns.keys())
    assert not unknown, f"{table.name} has no columns {unknown}"
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in given and isinstance(column.default, ColumnDefault)
    }
    insertion = insert_into(dialect, table)
    statement = (insertion.on_conflict_do_nothing() if ignore_known else insertion).inline()
    in_sql = statement.compile(dialect=dialect, column_keys=[*given, *defaults])
    return _compiled(in_sql, statement, dialect, defaults)


def _compiled(
    in_sql: Any, statement: Statement, dialect: Dialect, constants: Values | None = None
) -> CompiledStatement:
    names = in_sql.positiontup if in_sql.positional else list(in_sql.params)
    binds = [(name, in_sql.binds[name]) for name in names]
    results = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in statement.exported_columns]
    return CompiledStatement(
        in_sql.string,
        {name: in_sql.params[name] for name, bind in binds if not bind.required} | dict(constants or {}),
        [(name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds],
        [(index, convert) for index, convert in enumerate(results) if convert],
        in_sql.positional,
    )


def _converted(values: Sequence[Any], convert: Convert | None) -> Sequence[Any]:
    """Return the converted values; each distinct value is converted once, because most columns repeat a few values."""
    if convert is None:
        return values
    by_value = {value: convert(value) for value in set(values)}
    return list(map(by_value.__getitem__, values))


def _only_value(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.values())


def _execute(connection: Connection, text: str, parameters: Any) -> Any:
    if connection.dialect.name == "sqlite":
        return _driver(connection).execute(text, parameters)
    return connection.exec_driver_sql(text, parameters)


def _execute_many(connection: Connection, text: str, parameters: list[Any]) -> None:
    if connection.dialect.name == "sqlite":
        _driver(connection).executemany(text, parameters)
    else:
        connection.exec_driver_sql(text, parameters)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
