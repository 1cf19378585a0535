"""Store the trouble of a source that the operator was told of last, so that only one process tells of a change."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from notifier.store.tables import source


class ReportedTrouble(NamedTuple):
    """The last trouble of a source that was reported to the operator, and the day on which it began.

    `health` is empty if nothing was reported yet, or if the last report was that all is well.
    """

    health: str = ""
    since: date | None = None


def reported_troubles(connection: Connection) -> dict[str, ReportedTrouble]:
    """Return the last report to the operator about each source that was ever tried, by name."""
    rows = connection.execute(select(source.c.name, source.c.alerted, source.c.trouble_since))
    return {name: ReportedTrouble(health, since) for name, health, since in rows}


def remember(connection: Connection, name: str, before: ReportedTrouble, after: ReportedTrouble) -> bool:
    """Store what the operator is told now. Return False if another process has changed this since `before`."""
    unchanged = update(source).where(source.c.name == name, source.c.alerted == before.health)
    changed = unchanged.values(alerted=after.health, trouble_since=after.since)
    return connection.execute(changed).rowcount == 1
