"""Read what administrators see first: the dumps of today, and the mails of the last hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from notifier.store import deliveries, dumps, reading

HOURS = 24
MAX_DUMPS = 50


@dataclass(frozen=True, slots=True)
class IngestedDump:
    """A dump that was ingested: its name, format and listing day, and how many papers it lists."""

    name: str
    format: str
    listed_on: date
    ingested_at: datetime
    papers: int


@dataclass(frozen=True, slots=True)
class Overview:
    """At most MAX_DUMPS dumps that were ingested today, the newest first, and the accepted mails by hour.

    Each hour is given by its beginning, with its number of mails. The last one is not over.
    """

    dumps: list[IngestedDump]
    mails: list[tuple[datetime, int]]


def read_overview(engine: Engine, now: datetime) -> Overview:
    """Return the dumps of the day of `now` in UTC, and the mails of the last HOURS hours."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    with reading(engine) as connection:
        counts = deliveries.accepted_by_hour(connection, since, HOURS)
        found = dumps.ingested_since(connection, midnight, MAX_DUMPS)
    hours = [since + timedelta(hours=number) for number in range(HOURS)]
    return Overview([IngestedDump(*row) for row in found], list(zip(hours, counts, strict=True)))
