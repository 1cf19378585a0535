"""A clock that was wrong by years for a moment: everybody still gets mail, no paper twice, and one digest a period."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from support.planned_papers import add_paper, digests_of, plan_and_accept, stored_subscriber, used_periods
from support.service import MONDAY, add_subscriber
from support.stores import new_store

from notifier.config import Config
from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.pipeline.planning import PlanReport
from notifier.subscribers import calendars
from notifier.subscribers.leaving import unsubscribe
from notifier.subscribers.pausing import pause, resume
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
IN_2036 = datetime(2036, 3, 5, 12, tzinfo=UTC)


@pytest.fixture(params=["engine", "postgres_store"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Yield an empty store of each database."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def plan_in_2036(engine: Engine, folder: Path, cadence: Cadence = Cadence.DAILY) -> None:
    """Make a store whose only subscriber got a digest on Monday at eight, and another one while the clock was wrong."""
    add_subscriber(engine, SignUp(ANN, topics=("all",), cadence=cadence, confirmed=True))
    add_paper(engine, folder, "A Paper of Monday Morning", MONDAY)
    plan_and_accept(engine, CONFIG, AT_EIGHT)
    add_paper(engine, folder, "A Paper of the Wrong Clock", IN_2036)
    plan_and_accept(engine, CONFIG, IN_2036)


def assert_next_digest_is_on_tuesday(engine: Engine, folder: Path) -> None:
    add_paper(engine, folder, "A Paper of Monday Afternoon", MONDAY.replace(hour=15))
    assert plan_and_accept(engine, CONFIG, AT_EIGHT + timedelta(hours=8)) == PlanReport()
    assert plan_and_accept(engine, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, digests=1)
    assert digests_of(engine, ANN)[-1] == ("2026-07-07", ["A Paper of Monday Afternoon"])


def test_after_an_hour_in_2036_the_next_digest_is_the_regular_one(store: Engine, tmp_path: Path) -> None:
    plan_in_2036(store, tmp_path)
    assert_next_digest_is_on_tuesday(store, tmp_path)
    assert [period for period, _ in digests_of(store, ANN)] == ["2026-07-06", "2036-03-05", "2026-07-07"]


def test_the_next_planning_says_whose_dates_were_reset(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan_in_2036(engine, tmp_path)
    with caplog.at_level(logging.WARNING, "notifier"):
        plan_and_accept(engine, CONFIG, AT_EIGHT + A_DAY)
        plan_and_accept(engine, CONFIG, AT_EIGHT + A_DAY)
    assert [record.getMessage() for record in caplog.records] == [
        "1 subscriber had a next digest in 2036, written while the clock was wrong; their dates were reset"
    ]


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [
        (Cadence.DAILY, ["2026-07-06", "2026-07-07", "2026-07-08"]),
        (Cadence.WEEKDAYS, ["2026-07-06", "2026-07-07", "2026-07-08"]),
        (Cadence.WEEKLY, ["2026-W28", "2026-W29", "2026-W30"]),
        (Cadence.MONTHLY, ["2026-08", "2026-09", "2026-10"]),
    ],
)
def test_each_cadence_goes_on_with_its_next_period(
    engine: Engine, tmp_path: Path, cadence: Cadence, expected: list[str]
) -> None:
    plan_in_2036(engine, tmp_path, cadence)
    now = AT_EIGHT
    while len(regular := [period for period in used_periods(engine, ANN) if period < "2036"]) < len(expected):
        now += A_DAY
        plan_and_accept(engine, CONFIG, now)
    assert regular == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda engine: add_subscriber(engine, SignUp(ANN, hour="08:00"), AT_EIGHT),
        lambda engine: add_subscriber(engine, SignUp(ANN, cadence=Cadence.DAILY), AT_EIGHT),
        lambda engine: resume(engine, ANN, AT_EIGHT),
        lambda engine: (pause(engine, ANN, None, AT_EIGHT), resume(engine, ANN, AT_EIGHT)),
        lambda engine: pause(engine, ANN, date(2026, 7, 7), AT_EIGHT),
        lambda engine: (
            unsubscribe(engine, ANN, AT_EIGHT),
            add_subscriber(engine, SignUp(ANN, confirmed=True), AT_EIGHT),
        ),
    ],
)
def test_a_change_of_the_schedule_or_of_the_state_resets_the_dates_too(
    engine: Engine, tmp_path: Path, change: Callable[[Engine], object]
) -> None:
    plan_in_2036(engine, tmp_path)
    change(engine)
    subscriber = stored_subscriber(engine, ANN)
    assert subscriber.state is SubscriberState.PAUSED or subscriber.next_due == AT_EIGHT + A_DAY
    assert_next_digest_is_on_tuesday(engine, tmp_path)


def test_a_subscriber_who_confirmed_in_2036_gets_digests_from_now_on(store: Engine, tmp_path: Path) -> None:
    add_subscriber(store, SignUp(ANN, topics=("all",), confirmed=True), now=IN_2036)
    assert_next_digest_is_on_tuesday(store, tmp_path)


def test_a_pause_that_the_wrong_clock_ended_goes_on(store: Engine, tmp_path: Path) -> None:
    add_subscriber(store, SignUp(ANN, topics=("all",), timezone="America/New_York", confirmed=True))
    pause(store, ANN, date(2026, 8, 3), MONDAY)
    until = stored_subscriber(store, ANN).paused_until
    add_paper(store, tmp_path, "A Paper of the Wrong Clock", IN_2036)
    plan_and_accept(store, CONFIG, IN_2036)
    plan_and_accept(store, CONFIG, AT_EIGHT)
    subscriber = stored_subscriber(store, ANN)
    assert (subscriber.state, subscriber.paused_until) == (SubscriberState.PAUSED, until)
    plan_and_accept(store, CONFIG, datetime(2026, 8, 3, 12, tzinfo=UTC))
    assert used_periods(store, ANN) == ["2036-03-04", "2026-08-03"]


def test_a_pause_until_a_far_day_stays(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    pause(engine, ANN, date(2040, 1, 1), MONDAY)
    before = stored_subscriber(engine, ANN)
    assert plan_and_accept(engine, CONFIG, AT_EIGHT + 400 * A_DAY) == PlanReport()
    assert stored_subscriber(engine, ANN) == before


def test_a_period_that_the_wrong_clock_used_gets_no_second_digest_and_loses_no_paper(
    store: Engine, tmp_path: Path
) -> None:
    add_subscriber(store, SignUp(ANN, topics=("all",), confirmed=True))
    add_paper(store, tmp_path, "A Paper of Monday Morning", MONDAY)
    plan_and_accept(store, CONFIG, AT_EIGHT + 10 * A_DAY)
    for day in range(13):
        add_paper(store, tmp_path, f"The Paper of Day Number {day}", MONDAY + day * A_DAY)
        plan_and_accept(store, CONFIG, AT_EIGHT + day * A_DAY)
    found = digests_of(store, ANN)
    assert [period for period, _ in found] == [
        "2026-07-16",
        *(f"2026-07-{day:02}" for day in range(6, 19) if day != 16),
    ]
    assert found[-2] == ("2026-07-17", ["The Paper of Day Number 10", "The Paper of Day Number 11"])
    titles = [title for _, each in found for title in each]
    assert len(titles) == len(set(titles)) == 14


def test_a_paper_of_the_wrong_clock_does_not_make_old_papers_new_to_a_later_subscriber(
    engine: Engine, tmp_path: Path
) -> None:
    add_paper(engine, tmp_path, "A Paper of the Wrong Clock", IN_2036)
    add_paper(engine, tmp_path, "An Old Paper of Last Month", MONDAY - 30 * A_DAY)
    add_paper(engine, tmp_path, "A Paper of Monday Morning", MONDAY)
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    plan_and_accept(engine, CONFIG, AT_EIGHT)
    assert digests_of(engine, ANN) == [("2026-07-06", ["A Paper of Monday Morning"])]


ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]


@pytest.mark.slow
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    cadence=st.sampled_from([each for each in Cadence if each is not Cadence.INSTANT]),
    zone=st.sampled_from(ZONES),
    hour=st.times().map(lambda each: f"{each:%H:%M}"),
    weekday=st.sampled_from(calendars.WEEKDAYS),
    days_before=st.integers(0, 12),
    error=st.integers(-400, 4000).map(lambda days: days * A_DAY) | st.just(timedelta(days=30)),
    minutes=st.integers(0, 24 * 60),
)
def test_whatever_the_wrong_clock_showed_each_later_period_has_one_digest(  # noqa: PLR0913, PLR0917 - one for each thing drawn
    cadence: Cadence,
    zone: str,
    hour: str,
    weekday: str,
    days_before: int,
    error: timedelta,
    minutes: int,
) -> None:
    """The clock is right for some days, wrong for one planning, and right again for ten weeks."""
    with TemporaryDirectory() as folder:
        engine = new_store(Path(folder) / "notifier.db")
        on = weekday if cadence is Cadence.WEEKLY else None
        wish = SignUp(ANN, (), ("all",), cadence, hour, zone, on, confirmed=True)
        add_subscriber(engine, wish)
        start = MONDAY + timedelta(minutes=minutes)
        for day in range(days_before):
            plan_and_accept(engine, CONFIG, start + day * A_DAY)
        back = start + days_before * A_DAY
        plan_and_accept(engine, CONFIG, back + error)
        add_paper(engine, Path(folder), "A Paper of the Time After", back)
        for half_day in range(2 * 70):
            plan_and_accept(engine, CONFIG, back + half_day * A_DAY / 2)
        periods = used_periods(engine, ANN)
        assert len(periods) == len(set(periods))
        assert_every_period_was_used(stored_subscriber(engine, ANN), back, periods)
        found = [titles for _, titles in digests_of(engine, ANN)]
        assert found == [["A Paper of the Time After"]]
        engine.dispose()


def assert_every_period_was_used(subscriber: Subscriber, back: datetime, periods: list[str]) -> None:
    """Assert that each period that is due more than `clock_reach` after the clock was set right has a digest."""
    schedule = calendars.schedule_of(subscriber)
    first = back + clock_reach(subscriber.cadence)
    now, used = first, calendars.UsedPeriods()
    while now <= back + 69 * A_DAY:
        if slot := calendars.due_slot(schedule, now, first, used):
            assert slot.period in periods
            used = used.including(slot, schedule.cadence)
        now += A_DAY / 2


def clock_reach(cadence: Cadence) -> timedelta:
    """Return how long a subscriber may be without a digest: a period and the margin, in which nothing is repaired."""
    return {
        Cadence.DAILY: 6 * A_DAY,
        Cadence.WEEKDAYS: 8 * A_DAY,
        Cadence.WEEKLY: 17 * A_DAY,
        Cadence.MONTHLY: 36 * A_DAY,
    }[cadence]


def test_the_clock_is_set_back_by_years_and_right_again(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    add_paper(engine, tmp_path, "A Paper of Monday Morning", MONDAY)
    plan_and_accept(engine, CONFIG, AT_EIGHT)
    plan_and_accept(engine, CONFIG, datetime.combine(date(2016, 1, 1), time(12), UTC))
    assert plan_and_accept(engine, CONFIG, AT_EIGHT) == PlanReport()
    assert_next_digest_is_on_tuesday(engine, tmp_path)
