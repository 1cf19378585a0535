"""Slots of schedules: one instant for each intended local date, in all zones and after changes of the clock."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.thoroughness import examples

from notifier.models import Cadence
from notifier.subscribers.calendars import Schedule, Slot, UsedPeriods, due_slot, next_due

ZONES = [name for name in resources.files("tzdata").joinpath("zones").read_text().split() if name != "Factory"]
FIRST, LAST = datetime(2006, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
SKIPPED_DATES = {
    "Pacific/Apia": date(2011, 12, 30),
    "Pacific/Fakaofo": date(2011, 12, 30),
    "Pacific/Kwajalein": date(1993, 8, 21),
    "Pacific/Kiritimati": date(1994, 12, 31),
}

hours = st.one_of(
    st.sampled_from([time(0), time(0, 30), time(2), time(2, 30), time(8), time(23, 30), time(23, 59)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
schedules = st.builds(
    Schedule,
    st.sampled_from([cadence for cadence in Cadence if cadence is not Cadence.INSTANT]),
    hours,
    st.sampled_from(ZONES),
    st.integers(0, 6),
)
moments = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots_used(schedule: Schedule, after: datetime, until: datetime) -> Iterator[Slot]:
    """Yield the slots that a service uses if it always runs."""
    used = UsedPeriods()
    while (instant := next_due(schedule, after, used)) and instant <= until:
        slot = due_slot(schedule, instant, after, used)
        assert slot is not None
        assert slot.instant == instant
        yield slot
        used = used.including(slot, schedule.cadence)


def instant_by_search(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the zone's clock shows the time, found without the zone's fold rules.

    If the clock skips the time, the instant is computed with the offset before the gap.
    """
    shown = datetime.combine(day, hour)
    noons = [datetime.combine(day, time(12), UTC) + days * ONE_DAY for days in range(-2, 3)]
    offsets = [noon.astimezone(zone).utcoffset() or timedelta() for noon in noons]
    candidates = [(shown - offset).replace(tzinfo=UTC) for offset in offsets]
    return min(
        (instant for instant in candidates if instant.astimezone(zone).replace(tzinfo=None) == shown),
        default=candidates[0],
    )


def intended_dates(schedule: Schedule, first: date, last: date) -> list[date]:
    days = [first + number * ONE_DAY for number in range((last - first).days + 1)]
    existing = [day for day in days if day != SKIPPED_DATES.get(schedule.timezone)]
    match schedule.cadence:
        case Cadence.MONTHLY:
            return [day for day in days if day.day == 1]
        case Cadence.WEEKLY:
            return [day for day in days if day.weekday() == schedule.weekday]
        case Cadence.WEEKDAYS:
            return [day for day in existing if day.isoweekday() <= 5]
        case _:
            return existing


@pytest.mark.parametrize(
    ("zone", "hour", "day", "instant", "why"),
    [
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:30", "gap: 03:30 there"),
        ("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T00:30", "overlap: summer time, the first"),
        ("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:30", "gap: 03:30 there"),
        ("America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30", "overlap: the first"),
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:45", "gap of 30 minutes: 02:45 there"),
        ("Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-04T14:45", "overlap of 30 minutes: the first"),
        ("America/Sao_Paulo", "00:00", "2017-10-15", "2017-10-15T03:00", "gap at midnight: 01:00 there"),
        ("Africa/Cairo", "00:30", "2023-04-28", "2023-04-27T22:30", "gap at midnight: 01:30 there"),
        ("Africa/Cairo", "23:30", "2023-10-26", "2023-10-26T20:30", "overlap before midnight: the first"),
        ("Asia/Beirut", "00:00", "2022-03-27", "2022-03-26T22:00", "gap at midnight: 01:00 there"),
        ("America/Nuuk", "23:30", "2026-03-28", "2026-03-29T01:30", "gap over midnight: 00:30 of the 29th there"),
        ("America/St_Johns", "00:00", "2006-10-29", "2006-10-29T02:30", "overlap over midnight: the first"),
        ("Pacific/Apia", "08:00", "2011-12-31", "2011-12-30T18:00", "after the skipped date"),
        ("Asia/Kathmandu", "08:00", "2026-11-22", "2026-11-22T02:15", "an offset of 5:45"),
    ],
)
def test_an_instant_is_right_on_a_day_with_a_clock_change(
    zone: str, hour: str, day: str, instant: str, why: str
) -> None:
    schedule = Schedule(Cadence.DAILY, time.fromisoformat(hour), zone)
    before = due_slot(schedule, utc(instant) - timedelta(seconds=1), LONG_AGO, UsedPeriods())
    assert before is not None
    assert before.period < day, why
    assert due_slot(schedule, utc(instant), LONG_AGO, UsedPeriods()) == Slot(
        date.fromisoformat(day), day, utc(instant)
    ), why


def test_a_slot_that_passed_before_the_clock_went_back_over_midnight_is_due() -> None:
    schedule = Schedule(Cadence.DAILY, time(0), "America/St_Johns")
    second_time_at_23_30_on_the_28th = utc("2006-10-29T03:00")
    slot = due_slot(schedule, second_time_at_23_30_on_the_28th, LONG_AGO, UsedPeriods())
    assert slot == Slot(date(2006, 10, 29), "2006-10-29", utc("2006-10-29T02:30"))


def test_a_slot_that_a_gap_moves_over_midnight_is_not_due_before_the_moved_instant() -> None:
    schedule = Schedule(Cadence.DAILY, time(23, 30), "America/Nuuk")
    ten_past_midnight_of_the_29th = utc("2026-03-29T01:10")
    assert next_due(schedule, ten_past_midnight_of_the_29th, UsedPeriods()) == utc("2026-03-29T01:30")


@pytest.mark.parametrize(("zone", "skipped"), SKIPPED_DATES.items())
def test_a_date_that_a_zone_skipped_has_no_slot(zone: str, skipped: date) -> None:
    noon = datetime.combine(skipped, time(12), UTC)
    slots = slots_used(Schedule(Cadence.DAILY, time(8), zone), noon - 3 * ONE_DAY, noon + 3 * ONE_DAY)
    dates = {slot.local_date for slot in slots}
    assert {skipped - ONE_DAY, skipped + ONE_DAY} <= dates
    assert skipped not in dates


def test_weekdays_have_no_slot_on_saturday_if_the_zone_skipped_the_friday() -> None:
    schedule = Schedule(Cadence.WEEKDAYS, time(8), "Pacific/Apia")
    slots = slots_used(schedule, utc("2011-12-28T20:00"), utc("2012-01-02T12:00"))
    assert [slot.period for slot in slots] == ["2011-12-29", "2012-01-02"]


def test_a_week_whose_weekday_the_zone_skipped_has_its_slot_on_the_day_after() -> None:
    schedule = Schedule(Cadence.WEEKLY, time(8), "Pacific/Apia", weekday=4)
    slots = list(slots_used(schedule, utc("2011-12-20T00:00"), utc("2012-01-07T00:00")))
    assert [slot.period for slot in slots] == ["2011-W51", "2011-W52", "2012-W01"]
    assert slots[1].instant == utc("2011-12-30T18:00")


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [
        (Cadence.DAILY, ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04"]),
        (Cadence.WEEKDAYS, ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-04"]),
        (Cadence.WEEKLY, ["2026-W53"]),  # the Friday is in 2027, but its ISO week is the last of 2026
        (Cadence.MONTHLY, ["2027-01"]),
    ],
)
def test_periods_are_named_after_the_day_the_iso_week_or_the_month(cadence: Cadence, expected: list[str]) -> None:
    schedule = Schedule(cadence, time(8), "UTC", weekday=4)
    assert [slot.period for slot in slots_used(schedule, utc("2026-12-29T08:00"), utc("2027-01-04T08:00"))] == expected


def test_the_first_slot_is_strictly_after_confirmation() -> None:
    schedule = Schedule(Cadence.DAILY, time(8), "UTC")
    confirmed = utc("2026-11-22T08:00")
    assert due_slot(schedule, confirmed, confirmed, UsedPeriods()) is None
    assert next_due(schedule, confirmed, UsedPeriods()) == utc("2026-11-23T08:00")


def test_the_instant_cadence_has_no_slots() -> None:
    schedule = Schedule(Cadence.INSTANT, time(8), "UTC")
    assert due_slot(schedule, LAST, FIRST, UsedPeriods()) is None
    assert next_due(schedule, FIRST, UsedPeriods()) is None


def test_a_move_to_the_west_does_not_bring_the_same_date_again() -> None:
    used = UsedPeriods(last_date=date(2026, 11, 22))  # the digest of 08:00 in Tokyo, when it was the 21st in Honolulu
    schedule = Schedule(Cadence.DAILY, time(8), "Pacific/Honolulu")
    assert due_slot(schedule, utc("2026-11-22T20:00"), LONG_AGO, used) is None
    assert next_due(schedule, LONG_AGO, used) == utc("2026-11-23T18:00")


def test_an_hour_that_is_moved_to_earlier_today_is_due_at_once() -> None:
    used = UsedPeriods(last_date=date(2026, 11, 21))  # at 20:00; at noon of the next day the hour moves to 08:00
    slot = due_slot(Schedule(Cadence.DAILY, time(8), "UTC"), utc("2026-11-22T12:00"), LONG_AGO, used)
    assert slot == Slot(date(2026, 11, 22), "2026-11-22", utc("2026-11-22T08:00"))


def test_a_week_has_one_digest_even_if_its_weekday_changes() -> None:
    monday = Slot(date(2026, 11, 16), "2026-W47", utc("2026-11-16T08:00"))
    tuesday = Slot(date(2026, 11, 17), "2026-11-17", utc("2026-11-17T08:00"))
    used = UsedPeriods().including(monday, Cadence.WEEKLY).including(tuesday, Cadence.DAILY)
    friday = Schedule(Cadence.WEEKLY, time(8), "UTC", weekday=4)
    assert next_due(friday, LONG_AGO, used) == utc("2026-11-27T08:00")


def test_a_change_from_daily_to_weekly_has_a_slot_in_the_same_week() -> None:
    friday = Schedule(Cadence.WEEKLY, time(8), "UTC", weekday=4)
    assert next_due(friday, LONG_AGO, UsedPeriods(last_date=date(2026, 11, 18))) == utc("2026-11-20T08:00")


@pytest.mark.slow
def test_around_every_clock_change_in_every_zone_each_date_has_one_instant() -> None:
    for name in distinct_zones():
        for change in clock_changes(ZoneInfo(name)):
            schedule = Schedule(Cadence.DAILY, hour_inside(change, ZoneInfo(name)), name)
            slots = list(slots_used(schedule, change - 3 * ONE_DAY, change + 3 * ONE_DAY))
            dates = [slot.local_date for slot in slots]
            assert dates == intended_dates(schedule, dates[0], dates[-1]), (name, change)
            for slot in slots:
                assert slot.instant == instant_by_search(slot.local_date, schedule.hour, ZoneInfo(name))


def hour_inside(change: datetime, zone: ZoneInfo) -> time:
    """Return the middle of the time that a clock change skips or repeats."""
    before, after = (moment.astimezone(zone).replace(tzinfo=None) for moment in (change - timedelta(seconds=1), change))
    return (before + (after - before) / 2).time().replace(second=0, microsecond=0)


def distinct_zones() -> list[str]:
    """Return one name for each set of zones with the same rules."""
    rules = resources.files("tzdata").joinpath("zoneinfo")
    return list({rules.joinpath(name).read_bytes(): name for name in ZONES}.values())


def clock_changes(zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instants between FIRST and LAST, to the second, at which the offset changes for a week or longer."""
    weeks = [(FIRST + timedelta(weeks=number)).astimezone(zone) for number in range((LAST - FIRST).days // 7)]
    for before, after in pairwise(weeks):
        if before.utcoffset() == after.utcoffset():
            continue
        low, high = before.astimezone(UTC), after.astimezone(UTC)
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            same = middle.astimezone(zone).utcoffset() == before.utcoffset()
            low, high = (middle, high) if same else (low, middle)
        yield high.replace(microsecond=0)


@settings(deadline=None, max_examples=examples(60))
@given(schedules, moments)
def test_every_intended_date_of_half_a_year_has_one_slot_at_its_instant(schedule: Schedule, start: datetime) -> None:
    slots = list(slots_used(schedule, start, start + timedelta(days=183)))
    dates = [slot.local_date for slot in slots]
    assert dates == intended_dates(schedule, dates[0], dates[-1])
    assert len({slot.period for slot in slots}) == len(slots)
    assert all(earlier.period < later.period for earlier, later in pairwise(slots))
    zone = ZoneInfo(schedule.timezone)
    assert all(slot.instant == instant_by_search(slot.local_date, schedule.hour, zone) for slot in slots)


@settings(deadline=None, max_examples=examples(300))
@given(schedules, moments, st.none() | st.integers(-40, 40), st.integers(0, 40 * 24 * 60))
def test_a_slot_is_due_exactly_from_the_next_due_instant_on(
    schedule: Schedule, after: datetime, last: int | None, minutes: int
) -> None:
    used = UsedPeriods() if last is None else UsedPeriods(after.date() + last * ONE_DAY, after.date() + last * ONE_DAY)
    now = after + timedelta(minutes=minutes)
    instant = next_due(schedule, after, used)
    assert instant is not None
    assert (instant <= now) == (due_slot(schedule, now, after, used) is not None)


@settings(deadline=None, max_examples=examples(200))
@given(schedules, moments, st.integers(0, 400))
def test_after_days_without_a_run_only_the_latest_slot_is_due(schedule: Schedule, after: datetime, days: int) -> None:
    now = after + days * ONE_DAY
    missed = list(slots_used(schedule, after, now))
    latest = missed[-1] if missed else None
    assert due_slot(schedule, now, after, UsedPeriods()) == latest
    if latest is not None:
        assert due_slot(schedule, now, after, UsedPeriods().including(latest, schedule.cadence)) is None


@settings(deadline=None, max_examples=examples(150))
@given(moments, st.lists(st.tuples(schedules, st.integers(-3, 12), st.booleans()), min_size=2, max_size=10))
def test_changes_of_schedule_and_clock_repeat_no_period_and_lose_no_date(
    start: datetime, stages: list[tuple[Schedule, int, bool]]
) -> None:
    """A stage is a schedule, the number of days for which it lasts, and whether the service is stopped in these days.

    A negative number of days sets the clock back.
    """
    now, used, planned = start, UsedPeriods(), list[Slot]()
    for schedule, days, is_stopped in stages:
        before, began, now = tuple(planned), now, now + days * ONE_DAY
        for tick in [now] if is_stopped else hourly(began, now):
            if slot := due_slot(schedule, tick, start, used):
                assert start < slot.instant <= tick
                planned.append(slot)
                used = used.including(slot, schedule.cadence)
        if is_stopped:
            assert len(planned) - len(before) <= 1
        else:
            assert_none_lost(slots_used(schedule, max(began, start), now), before, planned)
    assert all(earlier.local_date < later.local_date for earlier, later in pairwise(planned))
    assert len({slot.period for slot in planned}) == len(planned)


def hourly(began: datetime, ended: datetime) -> list[datetime]:
    return [began + timedelta(hours=number) for number in range((ended - began) // timedelta(hours=1) + 1)]


def assert_none_lost(expected: Iterator[Slot], before: tuple[Slot, ...], planned: list[Slot]) -> None:
    """Assert that every expected slot was planned, or is not later than the last one planned before the stage."""
    last_date = max((slot.local_date for slot in before), default=date.min)
    planned_periods = {slot.period for slot in planned}
    assert all(slot.period in planned_periods or slot.local_date <= last_date for slot in expected)
