"""Compute when a digest is due, and which period it is for.

A schedule has slots. Each slot has an intended local date: every day, Monday to Friday, one weekday, or the 1st of the
month. The slot's instant is the schedule's hour on that date in the subscriber's time zone. If the clock skips that
hour, the instant moves forward by the gap (02:30 becomes 03:30). If the hour occurs twice, the first time counts. Both
are the rules of PEP 495 for fold 0.

A zone may skip a whole date, as Pacific/Apia skipped 2011-12-30. For the cadences daily and weekdays, this date has no
slot, and its papers are in the next digest. For weekly and monthly, the slot's instant is on the day after.

The store keeps the intended local dates of the last digests, not their instants. So no date gets a second digest, and
no week gets a second weekly digest, if the hour, the zone or the cadence changes, or if the clock is set back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from notifier.config import zone_names
from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SATURDAY = WEEKDAYS.index("saturday")
NOON = time(12)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times at which a subscriber wants digests: `hour` on the clock of `timezone` (an IANA name).

    `weekday` counts from Monday, which is 0, and is used by the weekly cadence only. The instant cadence has no slots.
    """

    cadence: Cadence
    hour: time
    timezone: str
    weekday: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a schedule: the intended local date, the name of the digest's period, and the instant in UTC."""

    local_date: date
    period: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class UsedPeriods:
    """The intended local dates of a subscriber's last digest, and of the last weekly digest.

    The date of the weekly digest is kept so that a week has only one weekly digest, even if the weekday changes.
    """

    last_date: date | None = None
    last_week: date | None = None

    def including(self, slot: Slot, cadence: Cadence) -> UsedPeriods:
        """Return the used periods after the digest of `slot` was planned for `cadence`."""
        return UsedPeriods(slot.local_date, slot.local_date if cadence is Cadence.WEEKLY else self.last_week)


def due_slot(schedule: Schedule, now: datetime, after: datetime, used: UsedPeriods) -> Slot | None:
    """Return the latest slot up to `now`; None if it is at or before `after`, or if its period was used.

    `after` is when the subscriber was activated. Slots before the latest one are skipped: if the service did not
    run for days, there is one digest. The instant cadence has no slots, so the result is always None.
    """
    if schedule.cadence is Cadence.INSTANT:
        return None
    # If the clock was set back over midnight, the slot of tomorrow may have passed already.
    tomorrow = now.astimezone(ZoneInfo(schedule.timezone)).date() + ONE_DAY
    latest = next(slot for slot in _slots(schedule, tomorrow, -ONE_DAY) if slot.instant <= now)
    return latest if _is_new(latest, schedule.cadence, after, used) else None


def next_due(schedule: Schedule, after: datetime, used: UsedPeriods) -> datetime | None:
    """Return the first instant at which `due_slot` returns a slot; None for the instant cadence.

    The instant may be in the past. `after` is when the subscriber was activated.
    """
    slot = next_slot(schedule, after, used)
    return slot.instant if slot else None


def next_slot(schedule: Schedule, after: datetime, used: UsedPeriods) -> Slot | None:
    """Return the first slot after `after` whose period has no digest yet; None for the instant cadence."""
    if schedule.cadence is Cadence.INSTANT:
        return None
    # If the clock skips midnight, the slot of yesterday may not have passed yet.
    yesterday = after.astimezone(ZoneInfo(schedule.timezone)).date() - ONE_DAY
    slots = _slots(schedule, max(yesterday, used.last_date or date.min), ONE_DAY)
    return next(slot for slot in slots if _is_new(slot, schedule.cadence, after, used))


def follow_up(subscriber: Subscriber, left_over: str, after: datetime) -> datetime | None:
    """Return when papers that an instant digest has left over are due: when the subscriber's hour comes next.

    A dump that arrives earlier brings them earlier. Returns None if nothing is left over, or if the cadence is another
    one.
    """
    if not left_over or subscriber.cadence is not Cadence.INSTANT:
        return None
    return next_due(replace(schedule_of(subscriber), cadence=Cadence.DAILY), after, UsedPeriods())


def _slots(schedule: Schedule, day: date, step: timedelta) -> Iterator[Slot]:
    """Yield the slots of the dates from `day` on, forward or backward in steps of one day."""
    zone = ZoneInfo(schedule.timezone)
    while True:
        if _has_slot(schedule, day, zone):
            instant = datetime.combine(day, schedule.hour, zone).astimezone(UTC)
            yield Slot(day, period(schedule.cadence, day), instant)
        day += step


def _has_slot(schedule: Schedule, day: date, zone: ZoneInfo) -> bool:
    match schedule.cadence:
        case Cadence.MONTHLY:
            return day.day == 1
        case Cadence.WEEKLY:
            return day.weekday() == schedule.weekday
        case Cadence.WEEKDAYS:
            return day.weekday() < SATURDAY and _exists(day, zone)
        case _:
            return _exists(day, zone)


def _exists(day: date, zone: ZoneInfo) -> bool:
    """Return whether this date exists in the zone: noon is missing only if the zone skips the whole date."""
    return datetime.combine(day, NOON, zone).astimezone(UTC).astimezone(zone).date() == day


def period(cadence: Cadence, day: date) -> str:
    """Return the name of the period that the slot of this local date belongs to."""
    match cadence:
        case Cadence.MONTHLY:
            return day.isoformat()[:7]
        case Cadence.WEEKLY:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        case _:
            return day.isoformat()


def _is_new(slot: Slot, cadence: Cadence, after: datetime, used: UsedPeriods) -> bool:
    """Return whether the slot is after `after`, and neither its date nor (for weekly) its week has a digest yet."""
    if slot.instant <= after or slot.local_date <= (used.last_date or date.min):
        return False
    if cadence is not Cadence.WEEKLY or used.last_week is None:
        return True
    return slot.local_date.isocalendar()[:2] > used.last_week.isocalendar()[:2]


def parse_hour(text: str) -> time:
    """Return the time of day of a text such as `08:00` or `8:00`. Raises UsageError for any other text."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if not found:
        raise UsageError(f"the hour {text!r} is not a time of day; write it as HH:MM, from 00:00 to 23:59")
    return time(int(found[1]), int(found[2]))


def parse_weekday(text: str) -> int:
    """Return the number of a weekday such as `mon` or `Monday`; Monday is 0. Raises UsageError for any other text."""
    word = text.strip().casefold()
    for number, name in enumerate(WEEKDAYS):
        if word in (name, name[:3]):
            return number
    raise UsageError(f"the weekday {text!r} is unknown; give one of {', '.join(name[:3] for name in WEEKDAYS)}")


def parse_timezone(text: str) -> str:
    """Return the IANA name of a time zone, in IANA's spelling, from a name in upper or lower case.

    Raises UsageError if there is no such zone. The message proposes similar names, if there are any.
    """
    names = zone_names()
    key = text.strip().replace(" ", "_").casefold()
    if key in names:
        return names[key]
    near = [name for known, name in names.items() if known.rpartition("/")[2] == key]
    near = near or [names[known] for known in get_close_matches(key, names, n=3)]
    cure = f"did you mean {' or '.join(near)}?" if near else "give an IANA name such as Europe/Berlin"
    raise UsageError(f"the time zone {text!r} is unknown; {cure}")


def schedule_of(subscriber: Subscriber) -> Schedule:
    """Return the schedule of a subscriber."""
    return Schedule(subscriber.cadence, parse_hour(subscriber.hour), subscriber.timezone, subscriber.weekday)


def used_periods_of(subscriber: Subscriber) -> UsedPeriods:
    """Return the used periods of a subscriber."""
    return UsedPeriods(subscriber.last_date, subscriber.last_week)
