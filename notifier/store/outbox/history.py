"""Read which papers and periods the digests of subscribers had."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from notifier.models import KINDS_WITH_PAPERS, DeliveryKind, DeliveryState
from notifier.store.statements import batches
from notifier.store.tables import delivery


def items_since(connection: Connection, subscriber_ids: Iterable[int], since: datetime) -> dict[int, list[str]]:
    """Return, by subscriber, the items of each digest or welcome mail planned at `since` or later.

    Skipped and expired digests are left out: the subscriber never gets their items from them.
    """
    row = delivery.c
    kept = row.state.not_in((DeliveryState.SKIPPED, DeliveryState.EXPIRED))
    digests = and_(row.kind.in_(KINDS_WITH_PAPERS), row.planned_at >= since, kept)
    items_by_subscriber: dict[int, list[str]] = {}
    for batch in batches(subscriber_ids):
        found = select(row.subscriber_id, row["items"]).where(row.subscriber_id.in_(batch), digests)
        for subscriber_id, items in connection.execute(found):
            items_by_subscriber.setdefault(subscriber_id, []).append(items)
    return items_by_subscriber


def used_periods(
    connection: Connection, subscriber_ids: Iterable[int], periods: Collection[str]
) -> set[tuple[int, str]]:
    """Return a pair of subscriber id and period for each digest of these subscribers for one of these periods."""
    row = delivery.c
    used: set[tuple[int, str]] = set()
    for batch in batches(subscriber_ids):
        found = select(row.subscriber_id, row.period).where(
            row.subscriber_id.in_(batch), row.kind == DeliveryKind.DIGEST, row.period.in_(periods)
        )
        used.update((subscriber_id, period) for subscriber_id, period in connection.execute(found))
    return used


def newest_periods(
    connection: Connection, subscriber_ids: Iterable[int], until: Iterable[str]
) -> dict[int, list[str | None]]:
    """Return, by subscriber, the newest period of a digest for each form of period.

    `until` holds one period of each form, such as `2026-11-22`, `2026-W47` and `2026-11`. A list in the result has one
    item for each of these periods, in the same order. The item is the newest period that has a digest, has
    the same form and is not later than this period; None if there is none.
    """
    row = delivery.c
    newest = [func.max(case((and_(row.period.like(_form(last)), row.period <= last), row.period))) for last in until]
    found: dict[int, list[str | None]] = {}
    for batch in batches(subscriber_ids):
        digests = and_(row.subscriber_id.in_(batch), row.kind == DeliveryKind.DIGEST)
        rows = connection.execute(select(row.subscriber_id, *newest).where(digests).group_by(row.subscriber_id))
        found |= {subscriber_id: list(periods) for subscriber_id, *periods in rows}
    return found


def _form(period: str) -> str:
    """Return the LIKE pattern of the periods that differ from this one in their digits only."""
    return re.sub("[0-9]", "_", period)
