"""Statements that several files need: long lists cut to size, and rows put in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, insert

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
    """New rows in one statement; without any, nothing is said to the database."""
    if rows:
        connection.execute(insert(table), list(rows))
