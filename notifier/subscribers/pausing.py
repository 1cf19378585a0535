"""Pause and resume subscribers. A paused subscriber gets no mail until a given day, or until they resume."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from notifier.errors import UsageError
from notifier.models import Subscriber, SubscriberState
from notifier.store import reading, retried, subscribers, writing
from notifier.subscribers import activation, date_repairs
from notifier.subscribers.subscribing import get_subscriber

BATCH = 500


@retried
def pause(engine: Engine, email: str, until: date | None, now: datetime) -> Subscriber:
    """Pause a subscriber until the day `until` begins in their time zone, or, if it is None, until they resume.

    During a pause, nothing is planned or sent. A digest that waits in the outbox is sent after the pause. Raises
    UsageError if the day is not after today, if the address is not a subscriber's, or if the subscriber is neither
    active nor paused.
    """
    with writing(engine) as connection:
        subscriber = get_subscriber(connection, email)
        _refuse_unless_active_or_paused(subscriber)
        if until is not None and _beginning_of(until, subscriber) <= now:
            raise UsageError(f"a pause until {until} would be over already; give a day after today")
        set_paused(connection, subscriber, until)
        return get_subscriber(connection, email)


@retried
def resume(engine: Engine, email: str, now: datetime) -> Subscriber:
    """End the pause of a subscriber; an active subscriber stays as they are, unless a wrong clock wrote their dates.

    The next digest contains the papers that came during the pause, except those that are older than
    MAX_AGE_OF_FIRST_PAPERS in `activation` allows. Raises UsageError if the address is not a subscriber's, or if the
    subscriber is neither active nor paused.
    """
    with writing(engine) as connection:
        subscriber = get_subscriber(connection, email)
        _refuse_unless_active_or_paused(subscriber)
        if subscriber.state is SubscriberState.PAUSED or date_repairs.has_wrong_dates(subscriber, now):
            activation.activate(connection, [subscriber], now, now)
        return get_subscriber(connection, email)


def end_pauses(engine: Engine, now: datetime) -> None:
    """End all pauses whose `paused_until` has come; each counts as ended at its `end_of_pause`, not at `now`."""
    while True:
        with reading(engine) as connection:
            if not subscribers.with_ended_pause(connection, now, limit=1):
                return
        _end_first_pauses(engine, now)


@retried
def _end_first_pauses(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        for each in subscribers.with_ended_pause(connection, now, BATCH, lock=True):
            activation.activate(connection, [each], end_of_pause(each), now)


def end_of_pause(subscriber: Subscriber) -> datetime:
    """Return the instant from which a subscriber is active again after a pause that has an end.

    This is just before the day begins, so that a slot at the first instant of the day counts.
    """
    assert subscriber.paused_until is not None, "the pause of this subscriber has no end"
    return subscriber.paused_until - timedelta.resolution


def set_paused(connection: Connection, subscriber: Subscriber, until: date | None) -> None:
    """Pause a subscriber until a day, or, if it is None, until they resume.

    A pause whose day has passed ends at the next call of `end_pauses`.
    """
    end = None if until is None else _beginning_of(until, subscriber)
    paused = {"state": SubscriberState.PAUSED, "paused_until": end, "next_due": None}
    subscribers.update_subscriber(connection, subscriber.id, paused)


def _beginning_of(day: date, subscriber: Subscriber) -> datetime:
    """Return the first instant of a day in the subscriber's time zone.

    If the clock skips midnight, this is the instant at which it does.
    """
    return datetime.combine(day, time(0), ZoneInfo(subscriber.timezone)).astimezone(UTC)


def _refuse_unless_active_or_paused(subscriber: Subscriber) -> None:
    if subscriber.state not in (SubscriberState.ACTIVE, SubscriberState.PAUSED):
        raise UsageError(
            f"{subscriber.email} is {subscriber.state} and gets no mail that could be paused or resumed; "
            f"if the subscriber agrees, run `notifier subscribe {subscriber.email} --confirmed`"
        )
