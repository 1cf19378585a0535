"""Statements that are said for each mail or group of mails: compiled once, then handed to the driver itself.

SQLAlchemy's own way from a statement to SQLite and back costs ten times what the answer costs, and more once other work
has taken its place in the processor's caches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.sql.dml import ReturningUpdate, Update

Statement = Select[Any] | Update | ReturningUpdate[Any]
Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


class Prepared(NamedTuple):
    """A statement in the driver's own SQL; its parameters in their order, and its columns, with what they become."""

    text: str
    constants: dict[str, Any]
    parameters: list[tuple[str, Convert | None]]
    columns: list[tuple[int, Convert]]  # those that come otherwise than the driver gives them
    is_positional: bool

    def bound(self, values: Values) -> Any:
        """The values of all parameters, as the driver takes them."""
        given = {**self.constants, **values}
        bound = [given[name] if convert is None else convert(given[name]) for name, convert in self.parameters]
        return bound if self.is_positional else self._named(bound)

    def all_bound(self, values: Values, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Any]:
        """As `bound` for each row, which holds the values of `names`; what rows have in common is converted once."""
        given = {**self.constants, **values}
        own = dict(zip(names, zip(*rows, strict=True), strict=True))
        columns = [converted(own.get(name) or [given[name]] * len(rows), convert) for name, convert in self.parameters]
        by_row = zip(*columns, strict=True)
        return list(by_row) if self.is_positional else list(map(self._named, by_row))

    def _named(self, bound: Sequence[Any]) -> dict[str, Any]:
        return {name: value for (name, _), value in zip(self.parameters, bound, strict=True)}


def rows_of(connection: Connection, statement: Statement, values: Values) -> list[tuple[Any, ...]]:
    """What a statement answers."""
    said = prepared(statement, connection.dialect)
    rows = _execute(connection, said.text, said.bound(values)).fetchall()
    if not (said.columns and rows):
        return list(rows)
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, convert in said.columns:
        by_column[place] = converted(by_column[place], convert)
    return list(zip(*by_column, strict=True))


def run(connection: Connection, statement: Statement, values: Values) -> None:
    """Say a statement that answers nothing."""
    said = prepared(statement, connection.dialect)
    _execute(connection, said.text, said.bound(values))


def run_for_all(
    connection: Connection, statement: Statement, values: Values, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Say a statement for each row, which holds the values of `names`; nothing is said where there are no rows."""
    if not rows:
        return
    said = prepared(statement, connection.dialect)
    execute_many(connection, said.text, said.all_bound(values, names, rows))


def converted(values: Sequence[Any], convert: Convert | None) -> Sequence[Any]:
    """The values as the driver takes them; most days and sources are met again and again, and converted once."""
    if convert is None:
        return values
    by_value = {value: convert(value) for value in set(values)}
    return list(map(by_value.__getitem__, values))


def execute_many(connection: Connection, text: str, parameters: list[Any]) -> None:
    """Say a statement in the driver's own SQL for each of these."""
    if connection.dialect.name == "sqlite":
        _driver(connection).executemany(text, parameters)
    else:
        connection.exec_driver_sql(text, parameters)


@lru_cache(maxsize=64)
def prepared(statement: Statement, dialect: Dialect) -> Prepared:
    """A statement that was made once, at import, in the SQL of a database."""
    compiled: Any = statement.compile(dialect=dialect)
    names = compiled.positiontup if compiled.positional else list(compiled.params)
    binds = [(name, compiled.binds[name]) for name in names]
    columns = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in statement.exported_columns]
    return Prepared(
        compiled.string,
        {name: compiled.params[name] for name, bind in binds if not bind.required},
        [(name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds],
        [(place, convert) for place, convert in enumerate(columns) if convert],
        compiled.positional,
    )


def _execute(connection: Connection, text: str, parameters: Any) -> Any:
    if connection.dialect.name == "sqlite":
        return _driver(connection).execute(text, parameters)
    return connection.exec_driver_sql(text, parameters)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
