"""Count how attempts to send mail ended. These counts outlive the rows of the outbox, and are never lowered."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, Dialect, bindparam, func, select
from sqlalchemy.sql.dml import Insert

from notifier.models import DeliveryKind, DeliveryState
from notifier.store.statements import insert_into, run_for_all
from notifier.store.tables import delivery_result

# The upper ends of the buckets of delays, in seconds; a longer delay is in the bucket LONGER.
BUCKETS = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600)
LONGER = 1 << 30
NO_DELAY = 0  # the bucket of attempts that were not accepted

CHANNEL_KIND = "channel"  # the kind of digests to channels in the counts, which are those of mail otherwise

_CODE = re.compile(r"[245][0-9][0-9](?![0-9])")


class Attempt(NamedTuple):
    """An attempt that has ended: the kind of the mail, when it was planned, its new state, and the relay's reply."""

    kind: str
    planned_at: datetime
    state: DeliveryState
    reply: str


class ResultCount(NamedTuple):
    """The number of attempts that ended in the same way; see tables.DeliveryResultRow."""

    kind: str
    state: str
    reply: str
    bucket: int
    number: int
    seconds: float


def count(connection: Connection, attempts: Iterable[Attempt], now: datetime) -> None:
    """Add attempts that have ended at `now` to the counts."""
    totals: dict[tuple[str, str, str, int], tuple[int, float]] = {}
    for kind, planned_at, state, reply in attempts:
        is_accepted = state is DeliveryState.ACCEPTED
        delay = max((now - planned_at).total_seconds(), 0) if is_accepted else 0
        key = (str(kind), str(state), reply_class(reply), _bucket(delay) if is_accepted else NO_DELAY)
        number, seconds = totals.get(key, (0, 0.0))
        totals[key] = number + 1, seconds + delay
    rows = [(*key, *totals[key]) for key in sorted(totals)]
    run_for_all(connection, _addition(connection.dialect), {"last_at": now}, ResultCount._fields, rows)


def all_counts(connection: Connection) -> list[ResultCount]:
    """Return all counts, in the order of their keys."""
    row = delivery_result.c
    columns = select(*(row[name] for name in ResultCount._fields))
    rows = connection.execute(columns.order_by(row.kind, row.state, row.reply, row.bucket))
    return [ResultCount(*each) for each in rows]


def last_accepted(connection: Connection) -> datetime | None:
    """Return when the relay accepted a mail last; None if it never did."""
    at = func.max(delivery_result.c.last_at, type_=delivery_result.c.last_at.type)
    is_mail = delivery_result.c.kind.not_in((DeliveryKind.EVENT, CHANNEL_KIND))
    accepted = (delivery_result.c.state == DeliveryState.ACCEPTED, is_mail)
    last: datetime | None = connection.scalar(select(at).where(*accepted))
    return last


def reply_class(reply: str) -> str:
    """Return 2xx, 4xx or 5xx for a reply that begins with an SMTP code; empty for any other text."""
    return f"{reply[0]}xx" if _CODE.match(reply) else ""


def _bucket(seconds: float) -> int:
    place = bisect_left(BUCKETS, seconds)
    return BUCKETS[place] if place < len(BUCKETS) else LONGER


@cache
def _addition(dialect: Dialect) -> Insert:
    """Return the statement that adds a number to a count, which it makes if there is none yet."""
    new = insert_into(dialect, delivery_result)
    new = new.values({name: bindparam(name) for name in (*ResultCount._fields, "last_at")})
    sums = {name: delivery_result.c[name] + new.excluded[name] for name in ("number", "seconds")}
    keys = [column.name for column in delivery_result.primary_key]
    return new.on_conflict_do_update(index_elements=keys, set_={**sums, "last_at": new.excluded.last_at})
