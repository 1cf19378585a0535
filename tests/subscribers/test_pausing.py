"""Pauses: no digest is planned or claimed in a pause. Afterwards no recent paper is missing, and none comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.planned_papers import add_paper, digests_of, plan_and_accept, stored_subscriber, used_periods
from support.service import MONDAY, add_subscriber, run_notifier

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import Cadence, SubscriberState
from notifier.pipeline import planning
from notifier.pipeline.planning import PlanReport
from notifier.store import outbox
from notifier.store.engine import writing
from notifier.store.outbox import Claim, checking_claims
from notifier.subscribers.leaving import unsubscribe
from notifier.subscribers.pausing import pause, resume
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
THURSDAY = date(2026, 7, 9)


@pytest.fixture
def ann(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store with one daily subscriber to all papers, who got a digest on Monday at eight."""
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    add_paper(engine, tmp_path, "A Paper of Monday Morning", MONDAY)
    assert plan_and_accept(engine, CONFIG, AT_EIGHT) == PlanReport(due=1, digests=1)
    return engine


@pytest.fixture
def waiting(engine: Engine, tmp_path: Path) -> Engine:
    """Return the same store as `ann`, except that the digest of Monday still waits in the outbox."""
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    add_paper(engine, tmp_path, "A Paper of Monday Morning", MONDAY)
    planning.plan(engine, CONFIG, AT_EIGHT)
    return engine


def claim_one(engine: Engine, now: datetime) -> Claim | None:
    with writing(engine) as connection:
        return next(iter(outbox.claim(connection, "some sender", now, 1)), None)


def test_in_a_pause_nothing_is_planned(ann: Engine, tmp_path: Path) -> None:
    pause(ann, ANN, None, AT_EIGHT + AN_HOUR)
    add_paper(ann, tmp_path, "A Paper of the Pause", AT_EIGHT + 2 * AN_HOUR)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + A_DAY) == PlanReport()
    assert stored_subscriber(ann, ANN).next_due is None


def test_a_digest_that_waits_in_the_outbox_is_sent_after_the_pause(waiting: Engine) -> None:
    pause(waiting, ANN, None, AT_EIGHT)
    assert claim_one(waiting, AT_EIGHT + A_DAY) is None
    resume(waiting, ANN, AT_EIGHT + A_DAY)
    digest = claim_one(waiting, AT_EIGHT + A_DAY)
    assert digest is not None
    assert digest.period == "2026-07-06"


def test_leased_mail_is_sent_despite_a_pause_but_not_after_an_unsubscribe(waiting: Engine) -> None:
    held = claim_one(waiting, AT_EIGHT)
    assert held is not None
    pause(waiting, ANN, None, AT_EIGHT)
    with checking_claims(waiting) as still_held:
        assert still_held(held)
        unsubscribe(waiting, ANN, AT_EIGHT)
        assert not still_held(held)


def test_slots_in_the_pause_are_not_due_after_it(ann: Engine) -> None:
    pause(ann, ANN, None, AT_EIGHT + AN_HOUR)
    resumed = resume(ann, ANN, AT_EIGHT + 2 * A_DAY + AN_HOUR)
    assert (resumed.state, resumed.next_due) == (SubscriberState.ACTIVE, AT_EIGHT + 3 * A_DAY)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 2 * A_DAY + 2 * AN_HOUR) == PlanReport()
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 3 * A_DAY).due == 1


def test_after_a_long_pause_the_digest_looks_no_further_back_than_a_first_digest(ann: Engine, tmp_path: Path) -> None:
    pause(ann, ANN, None, AT_EIGHT + AN_HOUR)
    add_paper(ann, tmp_path, "A Paper from Early in the Pause", AT_EIGHT + A_DAY)
    add_paper(ann, tmp_path, "A Paper from Late in the Pause", AT_EIGHT + 9 * A_DAY)
    resume(ann, ANN, AT_EIGHT + 9 * A_DAY + AN_HOUR)
    plan_and_accept(ann, CONFIG, AT_EIGHT + 10 * A_DAY)
    assert digests_of(ann, ANN)[1:] == [("2026-07-16", ["A Paper from Late in the Pause"])]


def test_a_short_pause_loses_nothing_and_repeats_nothing(ann: Engine, tmp_path: Path) -> None:
    add_paper(ann, tmp_path, "A Paper from before the Pause", AT_EIGHT + AN_HOUR)
    pause(ann, ANN, None, AT_EIGHT + 2 * AN_HOUR)
    add_paper(ann, tmp_path, "A Paper from within the Pause", AT_EIGHT + 3 * AN_HOUR)
    resume(ann, ANN, AT_EIGHT + 4 * AN_HOUR)
    plan_and_accept(ann, CONFIG, AT_EIGHT + A_DAY)
    both = ["A Paper from before the Pause", "A Paper from within the Pause"]
    assert digests_of(ann, ANN)[1:] == [("2026-07-07", both)]


def test_a_pause_until_a_day_ends_when_that_day_begins(ann: Engine) -> None:
    paused = pause(ann, ANN, THURSDAY, AT_EIGHT)
    assert paused.paused_until == datetime(2026, 7, 9, tzinfo=UTC)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 2 * A_DAY) == PlanReport()
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 3 * A_DAY).due == 1
    assert used_periods(ann, ANN) == ["2026-07-06", "2026-07-09"]
    assert stored_subscriber(ann, ANN).state is SubscriberState.ACTIVE


@pytest.mark.parametrize(
    ("zone", "hour", "midnight"),
    [
        ("Asia/Tokyo", "00:00", "2026-07-08T15:00+00:00"),
        ("America/New_York", "00:00", "2026-07-09T04:00+00:00"),
    ],
)
def test_the_day_begins_at_midnight_in_the_subscribers_time_zone(
    engine: Engine, zone: str, hour: str, midnight: str
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), timezone=zone, hour=hour, confirmed=True))
    pause(engine, ANN, THURSDAY, MONDAY)
    first = datetime.fromisoformat(midnight)
    assert plan_and_accept(engine, CONFIG, first - timedelta(seconds=1)) == PlanReport()
    assert plan_and_accept(engine, CONFIG, first).due == 1
    assert used_periods(engine, ANN) == ["2026-07-09"]


def test_a_day_without_midnight_begins_at_the_clock_change(engine: Engine) -> None:
    add_subscriber(
        engine, SignUp(ANN, timezone="America/Sao_Paulo", hour="00:00", confirmed=True), now=_utc("2017-10-01")
    )
    paused = pause(engine, ANN, date(2017, 10, 15), _utc("2017-10-02"))
    assert paused.paused_until == _utc("2017-10-15T03:00")
    assert plan_and_accept(engine, CONFIG, _utc("2017-10-15T03:00")).due == 1


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_pause_ends_on_its_day_even_if_the_service_was_stopped_then(ann: Engine, tmp_path: Path) -> None:
    add_subscriber(
        ann, SignUp("bob@example.org", topics=("all",), cadence=Cadence.INSTANT, confirmed=True), now=AT_EIGHT
    )
    for email in (ANN, "bob@example.org"):
        pause(ann, email, THURSDAY, AT_EIGHT)
    add_paper(ann, tmp_path, "A Paper of the Pause", AT_EIGHT + A_DAY)
    add_paper(ann, tmp_path, "A Paper of Thursday", AT_EIGHT + 3 * A_DAY)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 3 * A_DAY + AN_HOUR) == PlanReport(due=2, digests=2)
    assert digests_of(ann, ANN)[1:] == [("2026-07-09", ["A Paper of Thursday"])]
    assert digests_of(ann, "bob@example.org") == [("dump:3", ["A Paper of Thursday"])]


def test_a_second_pause_replaces_the_day_of_the_first(ann: Engine) -> None:
    pause(ann, ANN, THURSDAY, AT_EIGHT)
    pause(ann, ANN, None, AT_EIGHT)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 30 * A_DAY) == PlanReport()
    pause(ann, ANN, date(2026, 8, 10), AT_EIGHT + 30 * A_DAY)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 35 * A_DAY).due == 1


def test_an_hour_that_is_changed_in_a_pause_applies_after_the_pause(ann: Engine) -> None:
    pause(ann, ANN, THURSDAY, AT_EIGHT)
    add_subscriber(ann, SignUp(ANN, hour="17:00"), now=AT_EIGHT + A_DAY)
    assert stored_subscriber(ann, ANN).state is SubscriberState.PAUSED
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 3 * A_DAY) == PlanReport()
    assert plan_and_accept(ann, CONFIG, AT_EIGHT.replace(hour=17) + 3 * A_DAY).due == 1


def test_a_slot_in_a_pause_is_not_due_even_if_the_hour_is_changed_after_the_pause(ann: Engine) -> None:
    pause(ann, ANN, None, AT_EIGHT)
    resume(ann, ANN, AT_EIGHT + A_DAY + 2 * AN_HOUR)
    add_subscriber(ann, SignUp(ANN, hour="09:00"), now=AT_EIGHT + A_DAY + 3 * AN_HOUR)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + A_DAY + 4 * AN_HOUR) == PlanReport()
    assert stored_subscriber(ann, ANN).next_due == AT_EIGHT + 2 * A_DAY + AN_HOUR


def test_a_subscriber_who_unsubscribes_in_a_pause_stays_unsubscribed_when_the_pause_ends(ann: Engine) -> None:
    pause(ann, ANN, THURSDAY, AT_EIGHT)
    unsubscribe(ann, ANN, AT_EIGHT)
    assert plan_and_accept(ann, CONFIG, AT_EIGHT + 3 * A_DAY) == PlanReport()
    assert stored_subscriber(ann, ANN).state is SubscriberState.UNSUBSCRIBED


def test_a_confirmed_sign_up_ends_a_pause(ann: Engine) -> None:
    pause(ann, ANN, THURSDAY, AT_EIGHT)
    back = add_subscriber(ann, SignUp(ANN, confirmed=True), now=AT_EIGHT + A_DAY)
    assert (back.state, back.paused_until, back.next_due) == (SubscriberState.ACTIVE, None, AT_EIGHT + 2 * A_DAY)


def test_resuming_without_a_pause_changes_nothing(ann: Engine) -> None:
    before = stored_subscriber(ann, ANN)
    assert resume(ann, ANN, AT_EIGHT + AN_HOUR) == before


@pytest.mark.parametrize("day", [date(2026, 7, 5), date(2026, 7, 6)])
def test_a_pause_until_a_day_that_has_begun_is_refused(ann: Engine, day: date) -> None:
    with pytest.raises(UsageError, match="after today"):
        pause(ann, ANN, day, AT_EIGHT)


def test_only_active_and_paused_subscribers_can_pause_or_resume(engine: Engine) -> None:
    add_subscriber(engine, SignUp(ANN))
    with pytest.raises(UsageError, match="PENDING"):
        pause(engine, ANN, None, AT_EIGHT)
    with pytest.raises(UsageError, match="--confirmed"):
        resume(engine, ANN, AT_EIGHT)
    with pytest.raises(UsageError, match="not a subscriber"):
        resume(engine, "nobody@example.org", AT_EIGHT)


@pytest.mark.slow
def test_the_pause_and_resume_commands_pause_and_resume(tmp_path: Path) -> None:
    now = ("--now", "2026-07-06T09:00Z")
    run_notifier("subscribe", ANN, "--confirmed", *now, cwd=tmp_path)
    assert "until 2026-07-09" in run_notifier("pause", ANN, "--until", "2026-07-09", *now, cwd=tmp_path).stdout
    assert "until 2026-07-09" in run_notifier("subscribers", cwd=tmp_path).stdout
    assert '"paused_until": "2026-07-09T00:00:00+00:00"' in run_notifier("subscribers", "--json", cwd=tmp_path).stdout
    assert "next digest: Tue 7 Jul 2026, 08:00 (UTC)" in run_notifier("resume", ANN, *now, cwd=tmp_path).stdout
    wrong = run_notifier("pause", ANN, "--until", "Thursday", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--until 'Thursday' is not a day" in wrong.stderr
