"""Changes of hour, zone and cadence: no date gets two digests, and none is skipped."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.planned_papers import add_paper, digests_of, stored_subscriber, used_periods
from support.service import MONDAY, add_subscriber

from notifier.config import Config
from notifier.models import Cadence
from notifier.pipeline.planning import plan
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


def at(text: str) -> datetime:
    """Return an instant of July 2026 in UTC from a text such as `06 08:00`."""
    return datetime.fromisoformat(f"2026-07-{text}:00+00:00")


def sign_up_at(engine: Engine, now: str, sign_up: SignUp) -> None:
    add_subscriber(engine, sign_up, now=at(now))


def plan_hourly(engine: Engine, start: str, end: str) -> None:
    now = at(start)
    while now <= at(end):
        plan(engine, Config(), now)
        now += AN_HOUR


@pytest.fixture
def ann(engine: Engine) -> Engine:
    """Return a store with a subscriber, daily at 08:00 UTC, who confirmed on Monday the 6th at six."""
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True), now=MONDAY)
    return engine


def test_a_change_to_a_later_hour_after_the_digest_makes_no_second_digest(ann: Engine) -> None:
    plan_hourly(ann, "06 07:00", "06 09:00")
    sign_up_at(ann, "06 09:00", SignUp(ANN, hour="17:00"))
    plan_hourly(ann, "06 09:00", "07 20:00")
    assert used_periods(ann, ANN) == ["2026-07-06", "2026-07-07"]
    assert stored_subscriber(ann, ANN).next_due == at("08 17:00")


def test_a_digest_is_due_at_once_if_the_new_hour_has_passed_today(ann: Engine) -> None:
    sign_up_at(ann, "06 07:00", SignUp(ANN, hour="20:00"))
    sign_up_at(ann, "06 12:00", SignUp(ANN, hour="09:00"))
    assert stored_subscriber(ann, ANN).next_due == at("06 09:00")
    plan_hourly(ann, "06 12:00", "06 23:00")
    assert used_periods(ann, ANN) == ["2026-07-06"]


def test_a_change_of_the_hour_while_a_digest_is_overdue_skips_no_day(ann: Engine) -> None:
    sign_up_at(ann, "06 08:30", SignUp(ANN, hour="08:15"))
    plan_hourly(ann, "06 08:30", "06 09:30")
    assert used_periods(ann, ANN) == ["2026-07-06"]


def test_after_a_change_of_the_hour_no_slot_before_the_confirmation_is_due(ann: Engine) -> None:
    sign_up_at(ann, "06 07:00", SignUp(ANN, hour="05:00"))
    plan_hourly(ann, "06 07:00", "06 23:00")
    assert used_periods(ann, ANN) == []
    assert stored_subscriber(ann, ANN).next_due == at("07 05:00")


def test_moves_to_far_time_zones_give_each_date_one_digest(ann: Engine) -> None:
    plan_hourly(ann, "06 07:00", "06 09:00")
    sign_up_at(ann, "06 09:00", SignUp(ANN, timezone="Pacific/Honolulu"))
    plan_hourly(ann, "06 09:00", "07 19:00")
    sign_up_at(ann, "07 19:00", SignUp(ANN, timezone="Pacific/Auckland"))
    plan_hourly(ann, "07 19:00", "09 00:00")
    assert used_periods(ann, ANN) == ["2026-07-06", "2026-07-07", "2026-07-08", "2026-07-09"]


@pytest.mark.slow
def test_changes_from_daily_to_weekly_and_back_lose_no_period(ann: Engine) -> None:
    plan_hourly(ann, "06 07:00", "07 09:00")
    sign_up_at(ann, "07 10:00", SignUp(ANN, cadence=Cadence.WEEKLY, weekday="friday"))
    plan_hourly(ann, "07 10:00", "11 12:00")
    assert used_periods(ann, ANN) == ["2026-07-06", "2026-07-07", "2026-W28"]
    sign_up_at(ann, "11 12:00", SignUp(ANN, cadence=Cadence.DAILY))
    plan_hourly(ann, "11 12:00", "12 09:00")
    assert used_periods(ann, ANN)[3:] == ["2026-07-11", "2026-07-12"]


def test_a_change_from_monthly_to_daily_makes_the_waiting_papers_due_at_once(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), cadence=Cadence.MONTHLY, confirmed=True), now=MONDAY)
    add_paper(engine, tmp_path, "A Paper of the Seventh", at("07 12:00"))
    plan_hourly(engine, "08 07:00", "08 09:00")
    sign_up_at(engine, "20 12:00", SignUp(ANN, cadence=Cadence.DAILY))
    plan(engine, Config(), at("20 12:00"))
    assert digests_of(engine, ANN) == [("2026-07-20", ["A Paper of the Seventh"])]


def test_a_change_from_weekly_to_monthly_waits_for_the_first_of_the_month(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), cadence=Cadence.WEEKLY, confirmed=True), now=MONDAY)
    plan_hourly(engine, "06 07:00", "06 09:00")
    sign_up_at(engine, "06 10:00", SignUp(ANN, cadence=Cadence.MONTHLY))
    assert stored_subscriber(engine, ANN).next_due == datetime.fromisoformat("2026-08-01T08:00+00:00")
    plan_hourly(engine, "06 10:00", "08 10:00")
    assert used_periods(engine, ANN) == ["2026-W28"]


@pytest.mark.slow
def test_a_subscriber_who_changes_settings_often_gets_every_paper_once(ann: Engine, tmp_path: Path) -> None:
    changes = [
        SignUp(ANN, hour="23:00"),
        SignUp(ANN, cadence=Cadence.INSTANT),
        SignUp(ANN, timezone="Asia/Tokyo", hour="06:00"),
        SignUp(ANN, cadence=Cadence.WEEKDAYS),
        SignUp(ANN, cadence=Cadence.WEEKLY, weekday="sat"),
        SignUp(ANN, cadence=Cadence.INSTANT),
        SignUp(ANN, cadence=Cadence.DAILY, timezone="America/New_York"),
    ]
    papers = []
    for number, sign_up in enumerate(changes):
        now = MONDAY + number * 31 * AN_HOUR
        papers.append(f"The Paper before Change {number}")
        add_paper(ann, tmp_path, papers[-1], now)
        add_subscriber(ann, sign_up, now=now + AN_HOUR)
        for hours in range(2, 31, 4):
            plan(ann, Config(), now + hours * AN_HOUR)
    plan(ann, Config(), MONDAY + 30 * A_DAY)
    assert sorted(title for _, titles in digests_of(ann, ANN) for title in titles) == papers
    dates = [period for period in used_periods(ann, ANN) if period.count("-") == 2]
    assert all(earlier < later for earlier, later in pairwise(dates))
    assert len(set(used_periods(ann, ANN))) == len(used_periods(ann, ANN))
