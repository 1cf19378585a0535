"""Which trouble of a source the operator was told of last, so that each change is told once, by one process."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from notifier.store.tables import source


class Told(NamedTuple):
    """The trouble of a source that the operator was told of last, and the day on which it began.

    `health` is empty if the operator was told that all is well, or nothing yet.
    """

    health: str = ""
    since: date | None = None


def told(connection: Connection) -> dict[str, Told]:
    """Return what the operator was told last of each source that was ever tried, by name."""
    rows = connection.execute(select(source.c.name, source.c.alerted, source.c.trouble_since))
    return {name: Told(health, since) for name, health, since in rows}


def remember(connection: Connection, name: str, before: Told, after: Told) -> bool:
    """Store what the operator is told now; return False if another process has told them of a change since `before`."""
    unchanged = update(source).where(source.c.name == name, source.c.alerted == before.health)
    changed = unchanged.values(alerted=after.health, trouble_since=after.since)
    return connection.execute(changed).rowcount == 1
