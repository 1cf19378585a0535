"""Start and restart a subscriber's digests, and compute when the next one is due."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.models import Cadence, EventType, Subscriber, SubscriberState
from notifier.store import events, papers, subscribers
from notifier.subscribers import calendars, date_repairs

_RESCHEDULED = ("active_since", "last_date", "last_week", "next_due")
_ACTIVATED = ("state", "paused_until", "cursor", "last_dump", "left_over", *_RESCHEDULED)

# How old the papers of the first digest may be, so that a new subscriber does not get all stored papers.
MAX_AGE_OF_FIRST_PAPERS = {
    Cadence.INSTANT: -timedelta.resolution,  # only papers that come later
    Cadence.DAILY: timedelta(hours=24),
    Cadence.WEEKDAYS: timedelta(hours=24),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=30),
}


def activate_confirmed(connection: Connection, confirmed: Collection[Subscriber], now: datetime) -> None:
    """Activate subscribers who have agreed, at `now`, to get mail."""
    subscribers.update_many(connection, [{"row_id": one.id, "confirmed_at": now} for one in confirmed])
    activate(connection, confirmed, now, now)
    told = [(one.id, one.email) for one in confirmed]
    events.record_subscribers(connection, EventType.SUBSCRIBER_CONFIRMED, told, now)


def activate(connection: Connection, chosen: Collection[Subscriber], at: datetime, now: datetime) -> None:
    """Start the digests of these subscribers at `at`, or resume them after a pause. `at` is not after `now`.

    Their next digest is for the first slot after `at` whose period has no digest yet. It looks only at papers that are
    not older than MAX_AGE_OF_FIRST_PAPERS allows, and that the subscriber's earlier digests have not looked at.
    """
    subscribers.update_many(connection, [_changes(one, _ACTIVATED) for one in activated(connection, chosen, at, now)])


def activated(connection: Connection, chosen: Collection[Subscriber], at: datetime, now: datetime) -> list[Subscriber]:
    """Return the subscribers as `activate` would store them, without storing them."""
    starts = {
        cadence: papers.start_at(connection, at - MAX_AGE_OF_FIRST_PAPERS[cadence], at, now)
        for cadence in {one.cadence for one in chosen}
    }
    corrected = date_repairs.with_corrected_dates(connection, chosen, now)
    return [_activated(one, at, *starts[one.cadence]) for one in corrected]


def reschedule(connection: Connection, changed: Iterable[Subscriber], now: datetime) -> None:
    """Compute when the next digest is due for subscribers whose hour, zone, weekday or cadence has changed.

    Subscribers who are not active are left as they are, because no digest is due for them. If a slot of the new
    schedule has passed, and its period has no digest yet, the digest of that slot is due at once.
    """
    active = [one for one in changed if one.state is SubscriberState.ACTIVE]
    corrected = date_repairs.with_corrected_dates(connection, active, now)
    rescheduled = [replace(one, next_due=date_repairs.due_or_next(one, now)) for one in corrected]
    subscribers.update_many(connection, [_changes(one, _RESCHEDULED) for one in rescheduled])


def _activated(subscriber: Subscriber, at: datetime, lowest_cursor: int, newest_dump: int) -> Subscriber:
    cursor = subscriber.cursor if subscriber.confirmed_at else 0
    return replace(
        subscriber,
        state=SubscriberState.ACTIVE,
        active_since=at,
        paused_until=None,
        cursor=max(lowest_cursor, cursor),
        last_dump=max(newest_dump, subscriber.last_dump),
        left_over="" if subscriber.state is SubscriberState.UNSUBSCRIBED else subscriber.left_over,
        next_due=calendars.next_due(calendars.schedule_of(subscriber), at, calendars.used_periods_of(subscriber)),
    )


def _changes(subscriber: Subscriber, names: Iterable[str]) -> dict[str, Any]:
    return {"row_id": subscriber.id, **{name: getattr(subscriber, name) for name in names}}
