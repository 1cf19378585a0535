"""Store when each step of the service last ended without an error, for all processes together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from notifier.store.statements import insert_into
from notifier.store.tables import step


def record(connection: Connection, names: Iterable[str], now: datetime) -> None:
    """Store that these steps ended without an error at `now`."""
    for name in sorted(names):
        new = insert_into(connection.dialect, step).values(name=name, succeeded_at=now)
        connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"succeeded_at": now}))


def last_successes(connection: Connection) -> dict[str, datetime]:
    """Return when each step last ended without an error, by its name."""
    return dict(connection.execute(select(step.c.name, step.c.succeeded_at).order_by(step.c.name)).all())
