"""Correct the dates of subscribers that were written while the clock of the machine was wrong.

If the clock was years ahead for a moment, the dates of a subscriber's last digest, of their activation and of their
next digest may lie years ahead too, and nothing would be due until then. Such dates are replaced by those of the newest
periods up to now for which the outbox holds a digest. Rows of the outbox for later periods are kept, so that these
periods do not get a second digest when they come.

Either the clock was ahead when the dates were stored, or the present clock is behind. The stored dates do not show
which. The replacement is safe in both cases, because a period that has a digest already gets no second one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.store import outbox, reading, retried, subscribers, writing
from notifier.subscribers import calendars
from notifier.text.counting import counted

BATCH = 500
# Dates that are at most this far ahead are not wrong: a subscriber's local date may be a day ahead of the date in UTC,
# and more after a change of the time zone.
MARGIN = timedelta(days=3)
# How far ahead the next slot of a schedule can be. For weekly it is 13 days: this week's digest may come on Monday, and
# the next one on Sunday of next week, if the weekday is changed in between.
REACH = {
    Cadence.INSTANT: timedelta(days=1),  # it has no slots, but `next_due` may still be that of an earlier cadence
    Cadence.DAILY: timedelta(days=1),
    Cadence.WEEKDAYS: timedelta(days=3),
    Cadence.WEEKLY: timedelta(days=13),
    Cadence.MONTHLY: timedelta(days=31),
}


@dataclass(frozen=True, slots=True)
class Repair:
    """A subscriber whose dates were wrong: as stored, and as corrected."""

    stored: Subscriber
    corrected: Subscriber


def has_wrong_dates(subscriber: Subscriber, now: datetime) -> bool:
    """Return whether the date of the subscriber's activation or last digest is wrong, because it is too far ahead."""
    return _has_wrong_period(subscriber, now) or _is_far_ahead(subscriber.active_since, now)


def with_corrected_dates(connection: Connection, chosen: Collection[Subscriber], now: datetime) -> list[Subscriber]:
    """Return these subscribers with correct dates of their last digests and of their activation. Nothing is stored.

    `next_due` is left as it is. If the wrong clock ended a pause too early, `active_since` is left too, and the
    subscriber gets no digest until the day on which the pause should have ended.
    """
    wrong = [one for one in chosen if _has_wrong_period(one, now)]
    last = (now + MARGIN).date()
    latest_periods = [calendars.period(cadence, last) for cadence in (Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY)]
    ids = [one.id for one in wrong]
    newest_periods = outbox.newest_periods(connection, ids, latest_periods) if wrong else {}
    return [_corrected(one, newest_periods.get(one.id, [None, None, None]), now) for one in chosen]


def repair_all(engine: Engine, now: datetime) -> list[Repair]:
    """Correct the dates of all active subscribers whose next digest is further ahead than their cadence can reach."""
    repairs: list[Repair] = []
    last_id = 0
    while True:
        with reading(engine) as connection:
            if not subscribers.due_after(connection, latest_due(now), last_id, limit=1):
                return repairs
        made, last_id = _repair_next(engine, last_id, now)
        repairs += made


@retried
def _repair_next(engine: Engine, last_id: int, now: datetime) -> tuple[list[Repair], int]:
    """Correct the dates of the next batch of subscribers, whose ids are above `last_id`.

    Returns the repairs, and the highest id of the batch.
    """
    with writing(engine) as connection:
        batch = subscribers.due_after(connection, latest_due(now), last_id, BATCH, lock=True)
        made = repairs_of(connection, batch, now)
        subscribers.update_many(connection, [_changes(each.corrected) for each in made])
    return made, max((one.id for one in batch), default=last_id)


def repairs_of(connection: Connection, batch: Collection[Subscriber], now: datetime) -> list[Repair]:
    """Return the repairs for a batch of subscribers whose next digest is too far ahead; nothing is stored."""
    repaired = [_with_next_due(one, now) for one in with_corrected_dates(connection, batch, now)]
    return [Repair(one, other) for one, other in zip(batch, repaired, strict=True) if one != other]


def latest_due(now: datetime) -> dict[Cadence, datetime]:
    """Return, by cadence, the latest instant at which the next digest of an active subscriber can be due."""
    return {cadence: now + reach + MARGIN for cadence, reach in REACH.items()}


def describe(repairs: Collection[Repair]) -> str:
    """Return a sentence about the repairs, such as `2 subscribers had a next digest in 2036; ...`."""
    years = sorted({each.stored.next_due.year for each in repairs if each.stored.next_due})
    span = " to ".join(map(str, dict.fromkeys([years[0], years[-1]])))
    had = counted(len(repairs), "subscriber")
    return f"{had} had a next digest in {span}, written while the clock was wrong; their dates were reset"


def due_or_next(subscriber: Subscriber, now: datetime) -> datetime | None:
    """Return the instant of the digest that is due now, or else of the next one."""
    assert subscriber.active_since is not None, "an active subscriber has been activated at some instant"
    schedule, used = calendars.schedule_of(subscriber), calendars.used_periods_of(subscriber)
    slot = calendars.due_slot(schedule, now, subscriber.active_since, used)
    return slot.instant if slot else calendars.next_due(schedule, subscriber.active_since, used)


def _has_wrong_period(subscriber: Subscriber, now: datetime) -> bool:
    last = (now + MARGIN).date()
    return any(day is not None and day > last for day in (subscriber.last_date, subscriber.last_week))


def _is_far_ahead(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant > now + MARGIN


def _corrected(subscriber: Subscriber, newest_periods: Iterable[str | None], now: datetime) -> Subscriber:
    changed = subscriber
    if _has_wrong_period(subscriber, now):
        day, week, month = (_date_of(period, subscriber.weekday) for period in newest_periods)
        last_date = max((each for each in (day, week, month) if each), default=None)
        changed = replace(changed, last_date=last_date, last_week=week)
    if _is_far_ahead(subscriber.active_since, now) and not _end_of_pause(subscriber):
        changed = replace(changed, active_since=now)
    return changed


def _with_next_due(subscriber: Subscriber, now: datetime) -> Subscriber:
    if _is_far_ahead(subscriber.active_since, now):
        until = _end_of_pause(subscriber)
        return replace(subscriber, state=SubscriberState.PAUSED, paused_until=until, next_due=None)
    return replace(subscriber, next_due=due_or_next(subscriber, now))


def _end_of_pause(subscriber: Subscriber) -> datetime | None:
    """Return the end of the pause before the activation; None if there was no pause.

    `end_pauses` sets `active_since` to one microsecond before the midnight at which the pause ends. An activation at
    any other time followed no pause.
    """
    assert subscriber.active_since is not None, "the subscriber must be active"
    end = subscriber.active_since + timedelta.resolution
    return end if _is_midnight(end, ZoneInfo(subscriber.timezone)) else None


def _is_midnight(instant: datetime, zone: ZoneInfo) -> bool:
    """Return whether a local date begins at this instant, even if local time skips midnight on that date."""
    before, after = ((instant - step).astimezone(zone).date() for step in (timedelta.resolution, timedelta()))
    return before != after


def _date_of(period: str | None, weekday: int) -> date | None:
    """Return the local date for which the digest of a period is planned; `weekday` is used for a week."""
    if period is None:
        return None
    if "W" in period:
        return date.fromisocalendar(int(period[:4]), int(period[-2:]), weekday + 1)
    return date.fromisoformat(period if len(period) == len("2026-11-22") else f"{period}-01")


def _changes(subscriber: Subscriber) -> dict[str, object]:
    names = ("state", "active_since", "paused_until", "next_due", "last_date", "last_week")
    return {"row_id": subscriber.id, **{name: getattr(subscriber, name) for name in names}}
