"""Count what the metrics show. Each statement reads an index or a small table, whatever the size of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, and_, func, select

from notifier.models import DeliveryKind, DeliveryState
from notifier.store.outbox import AT_ONCE, is_mail, oldest_untried
from notifier.store.schema import HEAD
from notifier.store.tables import delivery, dump, listing, quarantined, unmoved_file

SCHEMA = HEAD  # the schema of this version of notifier; a store is upgraded to it when it is opened


@dataclass(frozen=True, slots=True)
class Waiting:
    """The mails that wait to be sent: how many of them are due, and since when the oldest of those waits."""

    due: int
    oldest: datetime | None


def dumps_by_format(connection: Connection) -> dict[str, int]:
    """Return the number of ingested dumps of each format; no dump is ever removed."""
    return dict(connection.execute(select(dump.c.format, func.count()).group_by(dump.c.format)).all())


def files_set_aside(connection: Connection) -> dict[str, int]:
    """Return the number of files that could not be read, and of those that could not be moved."""
    return {table.name: _size(connection, table) for table in (quarantined, unmoved_file)}


def count_listings(connection: Connection) -> int:
    """Return the number of stored listings."""
    return _size(connection, listing)


def messages_by_kind(connection: Connection, total: int) -> dict[str, int]:
    """Return the number of stored deliveries of each kind; `total` is the number of all deliveries.

    Digests are not counted one by one: their number is that of all deliveries minus the others.
    """
    kind, found = delivery.c.kind, dict[str, int]()
    for wanted in (kind < DeliveryKind.DIGEST, kind > DeliveryKind.DIGEST):
        found |= dict(connection.execute(select(kind, func.count()).where(wanted).group_by(kind)).all())
    return {DeliveryKind.DIGEST: total - sum(found.values()), **found}


def waiting_mail(connection: Connection, now: datetime) -> Waiting:
    """Return how many mails are due at `now`, and since when the oldest of them waits.

    A mail that was never tried waits since it was planned, and any other since its next try was due. Mails to paused
    subscribers are counted, but they are not considered for the oldest.
    """
    row = delivery.c
    unleased = and_(row.state != DeliveryState.LEASED, is_mail())
    due = connection.scalar(select(func.count()).where(row.next_try <= now, unleased)) or 0
    retry = select(func.min(row.next_try, type_=row.next_try.type)).where(
        row.next_try > AT_ONCE, row.next_try <= now, unleased
    )
    found = [each for each in (oldest_untried(connection), connection.scalar(retry)) if each is not None]
    return Waiting(due, min(found, default=None))


def _size(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
