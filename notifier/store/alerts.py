"""Store the alerts to the operator: those that are open, and those that were closed a short time ago."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from notifier.store.statements import insert_into
from notifier.store.tables import alert


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert that the operator was told of; see tables.AlertRow."""

    key: str
    state: str
    title: str
    what: str
    cure: str
    opened_at: datetime
    since: date | None = None
    well_since: datetime | None = None
    closed_at: datetime | None = None
    flaps: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the operator was told that something is wrong, and not yet that it is well again."""
        return self.closed_at is None


_COLUMNS = [alert.c[field.name] for field in fields(StoredAlert)]


def all_alerts(connection: Connection) -> dict[str, StoredAlert]:
    """Return all stored alerts by key, also those that were closed a short time ago."""
    return {row.key: StoredAlert(*row) for row in connection.execute(select(*_COLUMNS).order_by(alert.c.key))}


def open_alerts(connection: Connection) -> list[StoredAlert]:
    """Return the open alerts, the oldest first."""
    rows = connection.execute(select(*_COLUMNS).where(alert.c.closed_at.is_(None)).order_by(alert.c.opened_at))
    return [StoredAlert(*row) for row in rows]


def replace(connection: Connection, before: StoredAlert | None, after: StoredAlert) -> bool:
    """Store an alert in place of `before`, or as a new one. Return False if another process has changed it since."""
    values = asdict(after)
    if before is None:
        new = insert_into(connection.dialect, alert).values(values).on_conflict_do_nothing().returning(alert.c.key)
        return connection.execute(new).first() is not None
    return connection.execute(update(alert).where(*_is_unchanged(before)).values(values)).rowcount == 1


def remove(connection: Connection, before: StoredAlert) -> None:
    """Delete an alert, unless another process has changed it."""
    connection.execute(delete(alert).where(*_is_unchanged(before)))


def _is_unchanged(before: StoredAlert) -> list[ColumnElement[bool]]:
    """Return conditions that are true if the row of an alert is still as it was read; its texts are not compared."""
    row = alert.c
    compared = ("key", "state", "opened_at", "well_since", "closed_at", "flaps")
    return [row[name].is_not_distinct_from(getattr(before, name)) for name in compared]
