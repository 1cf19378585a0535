"""When a subscriber's digests start, or start again, and when the next one is due."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.store import dumps, papers, subscribers
from notifier.subscribers import calendars

# How far back the first digest looks: nobody gets the backlog.
FIRST_LOOK_BACK = {
    Cadence.INSTANT: -timedelta.resolution,  # only what comes later
    Cadence.DAILY: timedelta(hours=24),
    Cadence.WEEKDAYS: timedelta(hours=24),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=30),
}


def confirm(connection: Connection, agreed: Collection[Subscriber], now: datetime) -> None:
    """Start to write to subscribers who have agreed at `now`."""
    subscribers.update_many(connection, [{"row_id": one.id, "confirmed_at": now} for one in agreed])
    start(connection, agreed, now)


def start(connection: Connection, ready: Collection[Subscriber], at: datetime) -> None:
    """Write to these subscribers from `at` on, for the first time or again.

    No slot up to `at` counts. Their first digest looks back no further than FIRST_LOOK_BACK, and what they were told
    before is not told again.
    """
    floors = {
        cadence: papers.cursor_before(connection, at - FIRST_LOOK_BACK[cadence])
        for cadence in {one.cadence for one in ready}
    }
    newest_dump = dumps.newest(connection, until=at)
    subscribers.update_many(connection, [_started(one, at, floors[one.cadence], newest_dump) for one in ready])


def reschedule(connection: Connection, changed: Iterable[Subscriber], now: datetime) -> None:
    """Find the next instant of subscribers whose hour, zone, weekday or cadence has changed.

    What has become due by the change is due at once: a change skips no period.
    """
    active = [one for one in changed if one.state is SubscriberState.ACTIVE]
    subscribers.update_many(connection, [{"row_id": one.id, "next_due": _next_due(one, now)} for one in active])


def _started(subscriber: Subscriber, at: datetime, floor: int, newest_dump: int) -> dict[str, Any]:
    told = subscriber.cursor if subscriber.confirmed_at else 0
    return {
        "row_id": subscriber.id,
        "state": SubscriberState.ACTIVE,
        "active_since": at,
        "paused_until": None,
        "cursor": max(floor, told),
        "last_dump": max(newest_dump, subscriber.last_dump),
        "next_due": calendars.next_due(calendars.schedule_of(subscriber), at, calendars.used_periods_of(subscriber)),
    }


def _next_due(subscriber: Subscriber, now: datetime) -> datetime | None:
    assert subscriber.active_since is not None, "who is active has been started"
    schedule, used = calendars.schedule_of(subscriber), calendars.used_periods_of(subscriber)
    slot = calendars.due(schedule, now, subscriber.active_since, used)
    return slot.instant if slot else calendars.next_due(schedule, subscriber.active_since, used)
