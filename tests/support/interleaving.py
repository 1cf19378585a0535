"""Let another connection act between two statements of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction, event

from notifier.store.advisory_locks import AdvisoryLock
from notifier.store.engine import IMMEDIATE


@contextmanager
def before_statement(engine: Engine, number: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Call `act` before the statement with this number, and yield a list that holds the count of statements.

    Statements during which no other connection can commit a dump are not counted: those of a write transaction on
    SQLite, and those of a transaction that holds the ingest lock on PostgreSQL.
    """
    count = [0]
    is_acting = False
    locked: list[RootTransaction | None] = []

    def notice(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        nonlocal is_acting
        is_locked = engine.dialect.name == "sqlite" and connection.get_execution_options().get(IMMEDIATE)
        if is_acting or is_locked or connection.get_transaction() in locked:
            return
        if "pg_advisory_xact_lock" in statement and AdvisoryLock.INGEST in parameters.values():
            locked.append(connection.get_transaction())
        if number == count[0]:
            is_acting = True
            act()
            is_acting = False
        count[0] += 1

    event.listen(engine, "before_cursor_execute", notice)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", notice)
