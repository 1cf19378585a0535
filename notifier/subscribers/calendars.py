"""When a digest is due, and which period it is for.

A schedule intends local dates: every day, Monday to Friday, one weekday, or the 1st. Each has one instant, its hour
on the reader's clock by PEP 495 with fold 0: in a gap the instant moves forward by the gap (02:30 becomes 03:30), in an
overlap the first counts. A date that a zone left out (Pacific/Apia, 2011-12-30) has no digest of its own: daily and
on weekdays its papers come with the next one, weekly and monthly the digest comes on the day after.

What was used is remembered as intended local dates, not as instants: so no change of hour, zone or cadence, and no
clock that is set back, brings a date or a week a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SATURDAY = WEEKDAYS.index("saturday")
NOON = time(12)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a subscriber wants digests: `hour` on the clock of `timezone` (an IANA name).

    `weekday` counts from Monday, 0, and is for weekly only. Instant has no calendar: nothing is ever due by it.
    """

    cadence: Cadence
    hour: time
    timezone: str
    weekday: int = 0


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One digest of a schedule: the intended local date, the period named after it, and the instant, in UTC."""

    local_date: date
    period: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class UsedPeriods:
    """How far a subscriber's digests have come: the intended local date of the last one, and of the last weekly one.

    The second is kept because a week counts once, even when its weekday moves from Monday to Friday.
    """

    last_date: date | None = None
    last_week: date | None = None

    def including(self, slot: Occurrence, cadence: Cadence) -> UsedPeriods:
        """What is used once the digest of `slot`, planned for `cadence`, is."""
        return UsedPeriods(slot.local_date, slot.local_date if cadence is Cadence.WEEKLY else self.last_week)


def due(schedule: Schedule, now: datetime, after: datetime, used: UsedPeriods) -> Occurrence | None:
    """The latest slot that is not after `now`, if it is later than `after` and than what was used; else None.

    `after` is the confirmation. Older slots are not made up: after a sleep of days there is one digest.
    """
    if schedule.cadence is Cadence.INSTANT:
        return None
    # Where an overlap takes the clock back over midnight, tomorrow's slot may be past.
    tomorrow = now.astimezone(ZoneInfo(schedule.timezone)).date() + ONE_DAY
    latest = next(slot for slot in _slots(schedule, tomorrow, -ONE_DAY) if slot.instant <= now)
    return latest if _is_new(latest, schedule.cadence, after, used) else None


def next_due(schedule: Schedule, after: datetime, used: UsedPeriods) -> datetime | None:
    """The first instant from which `due` answers, or None for instant. It may be past."""
    if schedule.cadence is Cadence.INSTANT:
        return None
    # Where a gap takes the clock over midnight, yesterday's slot may be to come.
    yesterday = after.astimezone(ZoneInfo(schedule.timezone)).date() - ONE_DAY
    slots = _slots(schedule, max(yesterday, used.last_date or date.min), ONE_DAY)
    return next(slot.instant for slot in slots if _is_new(slot, schedule.cadence, after, used))


def _slots(schedule: Schedule, day: date, step: timedelta) -> Iterator[Occurrence]:
    """The slots of the dates from `day` on, forward or backward."""
    zone = ZoneInfo(schedule.timezone)
    while True:
        if _intends(schedule, day, zone):
            instant = datetime.combine(day, schedule.hour, zone).astimezone(UTC)
            yield Occurrence(day, _period(schedule.cadence, day), instant)
        day += step


def _intends(schedule: Schedule, day: date, zone: ZoneInfo) -> bool:
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
    """Whether the zone had this date; only a gap of a whole day reaches noon."""
    return datetime.combine(day, NOON, zone).astimezone(UTC).astimezone(zone).date() == day


def _period(cadence: Cadence, day: date) -> str:
    match cadence:
        case Cadence.MONTHLY:
            return day.isoformat()[:7]
        case Cadence.WEEKLY:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        case _:
            return day.isoformat()


def _is_new(slot: Occurrence, cadence: Cadence, after: datetime, used: UsedPeriods) -> bool:
    if slot.instant <= after or slot.local_date <= (used.last_date or date.min):
        return False
    if cadence is not Cadence.WEEKLY or used.last_week is None:
        return True
    return slot.local_date.isocalendar()[:2] > used.last_week.isocalendar()[:2]


def parse_hour(text: str) -> time:
    """The time of day that `08:00` or `8:00` names. Raises UsageError."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if not found:
        raise UsageError(f"the hour {text!r} is not a time of day; write it as HH:MM, from 00:00 to 23:59")
    return time(int(found[1]), int(found[2]))


def parse_weekday(text: str) -> int:
    """The weekday that `mon` or `Monday` names, counted from Monday, 0. Raises UsageError."""
    word = text.strip().casefold()
    for number, name in enumerate(WEEKDAYS):
        if word in (name, name[:3]):
            return number
    raise UsageError(f"the weekday {text!r} is unknown; give one of {', '.join(name[:3] for name in WEEKDAYS)}")


def parse_timezone(text: str) -> str:
    """The IANA name of a zone, as IANA spells it, from a name in any case. Raises UsageError proposing near names."""
    names = _zone_names()
    key = text.strip().replace(" ", "_").casefold()
    if key in names:
        return names[key]
    near = [name for known, name in names.items() if known.rpartition("/")[2] == key]
    near = near or [names[known] for known in get_close_matches(key, names, n=3)]
    cure = f"did you mean {' or '.join(near)}?" if near else "give an IANA name such as Europe/Berlin"
    raise UsageError(f"the time zone {text!r} is unknown; {cure}")


@cache
def _zone_names() -> dict[str, str]:
    """IANA's own list by folded name: a machine's zone folder also holds `localtime`, `posixrules` and the like."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.casefold(): name for name in names if name != "Factory"}  # Factory is a clock that nobody has set


def schedule_of(subscriber: Subscriber) -> Schedule:
    """When this subscriber wants digests."""
    return Schedule(subscriber.cadence, parse_hour(subscriber.hour), subscriber.timezone, subscriber.weekday)


def used_periods_of(subscriber: Subscriber) -> UsedPeriods:
    """How far this subscriber's digests have come."""
    return UsedPeriods(subscriber.last_date, subscriber.last_week)
