"""Pauses of the readers' own: until a day, or until they resume."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from notifier.errors import UsageError
from notifier.models import Subscriber, SubscriberState
from notifier.store import reading, subscribers, writing
from notifier.subscribers import starting
from notifier.subscribers.subscribing import known

BATCH = 500


def pause(engine: Engine, email: str, until: date | None, now: datetime) -> Subscriber:
    """Plan and send nothing for a reader until that day begins on their clock, or until they resume.

    A digest that waits in the outbox stays there, and goes out after the pause. Raises UsageError for a day that is not
    after today, and for somebody who is not written to anyway.
    """
    with writing(engine) as connection:
        subscriber = known(connection, email)
        _refuse_unless_a_reader(subscriber)
        if until is not None and _beginning_of(until, subscriber) <= now:
            raise UsageError(f"a pause until {until} is over already; give a day after today")
        suspend(connection, subscriber, until)
        return known(connection, email)


def resume(engine: Engine, email: str, now: datetime) -> Subscriber:
    """Write to a reader again: what came in the pause is told as far back as a first digest looks, and no further.

    Raises UsageError for somebody who is neither paused nor active.
    """
    with writing(engine) as connection:
        subscriber = known(connection, email)
        _refuse_unless_a_reader(subscriber)
        if subscriber.state is SubscriberState.PAUSED:
            starting.start(connection, [subscriber], now)
        return known(connection, email)


def end_pauses(engine: Engine, now: datetime) -> None:
    """Let all pauses end whose day has come, as if each had been ended at its first instant."""
    while True:
        with reading(engine) as connection:
            if not subscribers.pause_ended(connection, now, limit=1):
                return
        with writing(engine) as connection:
            for each in subscribers.pause_ended(connection, now, BATCH):
                assert each.paused_until is not None, "only these are found"
                # A slot at that very instant counts.
                starting.start(connection, [each], each.paused_until - timedelta.resolution)


def suspend(connection: Connection, subscriber: Subscriber, until: date | None) -> None:
    """Pause a subscriber until a day, or until resumed; a pause whose day is past ends when digests are planned."""
    end = None if until is None else _beginning_of(until, subscriber)
    paused = {"state": SubscriberState.PAUSED, "paused_until": end, "next_due": None}
    subscribers.update_subscriber(connection, subscriber.id, paused)


def _beginning_of(day: date, subscriber: Subscriber) -> datetime:
    """The first instant of a day on the reader's clock; where a gap leaves midnight out, the gap's."""
    return datetime.combine(day, time(0), ZoneInfo(subscriber.timezone)).astimezone(UTC)


def _refuse_unless_a_reader(subscriber: Subscriber) -> None:
    if subscriber.state not in (SubscriberState.ACTIVE, SubscriberState.PAUSED):
        raise UsageError(
            f"{subscriber.email} is {subscriber.state}: there is nothing to pause or to resume; "
            f"where the reader agrees, `notifier subscribe {subscriber.email} --confirmed` starts"
        )
