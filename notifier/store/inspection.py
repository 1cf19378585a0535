"""Read a database without changing it: its schema, its damage if there is any, and some of its contents.

`open_store` makes or upgrades a database, and makes its files private to their owner. The functions of this module do
none of this.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Column, Connection, Engine, create_engine, event, func, select, text

from notifier.errors import StoreError
from notifier.models import DeliveryState, SubscriberState
from notifier.store.engine import begin, connect, parse_url, reading
from notifier.store.explanations import explained
from notifier.store.outbox import is_mail
from notifier.store.schema import HEAD, version_of
from notifier.store.tables import delivery, dump, source, subscriber

_BUSY_SECONDS = 3.0  # how long another process's lock is waited for
_CONNECT_SECONDS, _STATEMENT_SECONDS = 5, 8  # the time limits with PostgreSQL
_STEPS = 20_000  # SQLite's virtual machine executes this many instructions between two checks of the deadline
_MOST_PROBLEMS = 3  # that a check of the whole database lists


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a PostgreSQL server says about itself; `number` is its version, such as 160004 for 16.4."""

    version: str
    number: int
    encoding: str
    is_standby: bool


def open_unchanged(url: str) -> Engine:
    """Return an engine whose connections write nothing, and soon give up if the database does not answer.

    Raises StoreError if there is no such SQLite file, or if PostgreSQL's driver is not installed, and PermissionError
    if this user may not read the file.
    """
    place = parse_url(url)
    if place.get_backend_name() != "sqlite":
        limit = f"-c statement_timeout={_STATEMENT_SECONDS}s"
        return connect(url, connect_timeout=_CONNECT_SECONDS, options=limit)
    file = Path(place.database or "")
    if not file.exists():
        raise StoreError(f"there is no database {file}; `notifier init` makes it")
    if not os.access(file, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
    engine = create_engine(place, creator=lambda: _sqlite_connection(file), hide_parameters=True)
    event.listen(engine, "begin", begin)
    return engine


def _sqlite_connection(file: Path) -> sqlite3.Connection:
    """Connect to a SQLite file without making one.

    When the last connection to a database is closed, SQLite removes the files of the log. It does so if that
    connection was allowed to write, even if it wrote nothing. A connection that may only read leaves the files.
    """
    mode = "rw" if os.access(file, os.W_OK) and os.access(file.parent, os.W_OK) else "ro"
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?mode={mode}", uri=True, timeout=_BUSY_SECONDS, check_same_thread=False
    )
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")
    return connection


def schema_trouble(connection: Connection) -> str | None:
    """Return in one sentence why this version of notifier cannot use the tables; None if it can."""
    found = version_of(connection)
    if found == HEAD:
        return None
    if found is None:
        return f"the database has no tables of notifier, and this version needs schema {HEAD}"
    relation = "older" if found < HEAD else "newer"
    return f"the database has schema {found}, which is {relation} than {HEAD}, the schema of this version"


def is_newer(connection: Connection) -> bool:
    """Return whether a newer version of notifier made the tables."""
    return (version_of(connection) or "") > HEAD


def damage(engine: Engine, seconds: float) -> list[str] | None:
    """Return what is damaged in a SQLite database; None if not all of it was checked within `seconds`.

    Raises StoreError if the database cannot be read at all.
    """
    with explained(engine):
        pooled = engine.raw_connection()
    try:
        return _damage(pooled.driver_connection, time.monotonic() + seconds)
    finally:
        pooled.close()


def _damage(connection: Any, deadline: float) -> list[str] | None:
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        found = [str(line) for (line,) in connection.execute(f"PRAGMA quick_check({_MOST_PROBLEMS})")]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            return None
        return [str(error)]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    finally:
        connection.set_progress_handler(None, 0)
    return [] if found == ["ok"] else found


def server_facts(connection: Connection) -> ServerFacts:
    """Return what the PostgreSQL server says about itself."""
    query = text(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
        "current_setting('server_encoding'), pg_is_in_recovery()"
    )
    return ServerFacts(*connection.execute(query).one())


def newest_instants(connection: Connection) -> dict[str, datetime]:
    """Return when each kind of event last happened, by its description; without events that never happened."""
    found = {what: connection.scalar(select(_newest(column))) for what, column in _instants()}
    return {what: instant for what, instant in found.items() if instant is not None}


def _instants() -> Iterator[tuple[str, Column[datetime]]]:
    yield "a dump was ingested", dump.c.ingested_at
    yield "a mail was planned", delivery.c.planned_at
    yield "a mail was settled", delivery.c.settled_at
    yield "a source was tried", source.c.last_tried_at
    yield "somebody subscribed", subscriber.c.created_at


def _newest(column: Column[datetime]) -> Any:
    return func.max(column, type_=column.type)


def time_zones(connection: Connection) -> Counter[str]:
    """Return the time zones of the subscribers who may get mail, with their numbers of subscribers."""
    wanted = subscriber.c.state.in_((SubscriberState.ACTIVE, SubscriberState.PAUSED))
    number = func.count().label("number")
    rows = connection.execute(select(subscriber.c.timezone, number).where(wanted).group_by(subscriber.c.timezone))
    return Counter({row.timezone: row.number for row in rows})


def active_subscribers(connection: Connection) -> int:
    """Return the number of subscribers who get mail."""
    active = subscriber.c.state == SubscriberState.ACTIVE
    return connection.scalar(select(func.count()).select_from(subscriber).where(active)) or 0


def waiting_since(connection: Connection) -> datetime | None:
    """Return when the mail that has waited longest for a sender was planned; None if no mail waits."""
    waiting = delivery.c.next_try.is_not(None) & (delivery.c.attempts == 0) & is_mail()
    oldest: datetime | None = connection.scalar(
        select(func.min(delivery.c.planned_at, type_=delivery.c.planned_at.type)).where(waiting)
    )
    return oldest


def accepted_since(connection: Connection, since: datetime, most: int) -> int:
    """Return how many mails the relay has accepted since an instant, counted up to `most`."""
    row = delivery.c
    wanted = select(row.id).where(row.state == DeliveryState.ACCEPTED, row.settled_at >= since, is_mail()).limit(most)
    return connection.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def check_schema(engine: Engine) -> None:
    """Raise StoreError if this version of notifier cannot use the tables, or if the database does not answer."""
    with reading(engine) as connection:
        if trouble := schema_trouble(connection):
            raise StoreError(trouble)
