"""Many recipients who get the same refusal: unknown mailboxes delay nobody, and the relay is paused if in doubt."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.outbox import (
    A_MINUTE,
    AT_EIGHT,
    SettableClock,
    plan_many,
    relay_state,
    run,
    states,
    subscriber_states,
)
from support.planned_papers import add_paper
from support.scripted_relay import ScriptedRelay
from support.service import add_subscribers

from notifier.config import Config
from notifier.delivery.breaker import RelayAccess, relay_access
from notifier.pipeline.planning import plan
from notifier.sending import claims as claiming
from notifier.subscribers.subscribing import SignUp

pytestmark = pytest.mark.usefixtures("offers_pipelining")

A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
UNCLEAR, UNKNOWN = "550 Unrouteable address", "550 5.1.1 User unknown"
DEAD = [f"dead{number}@gone{number}.example" for number in range(12)]
GOOD = [f"good{number}@fine{number}.example" for number in range(5)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run end when sending pauses, because the clock of these tests stands still."""
    monkeypatch.setattr(claiming, "LONGEST_AWAITED_PAUSE", timedelta.resolution)


def refusing_dead(reply: str) -> ScriptedRelay:
    return ScriptedRelay({"RCPT": lambda line: reply if "dead" in line else None})


def deliver_for(engine: Engine, folder: Path, relay: ScriptedRelay, start: datetime, length: timedelta) -> None:
    """Deliver every ten minutes, for this length of time."""
    clock = SettableClock(start)
    while clock.now <= start + length:
        run(engine, folder, relay, clock)
        clock.now += 10 * A_MINUTE


def plan_next(engine: Engine, folder: Path, now: datetime) -> None:
    add_paper(engine, folder, f"A Paper About Bees {now:%d %H}", now - A_MINUTE)
    plan(engine, Config(), now)


@pytest.mark.slow
@pytest.mark.parametrize("reply", [UNCLEAR, UNKNOWN])
@pytest.mark.parametrize(
    "order",
    [DEAD + GOOD, GOOD + DEAD, DEAD[:6] + GOOD[:2] + DEAD[6:] + GOOD[2:]],
    ids=["dead first", "dead last", "dead between"],
)
def test_a_dozen_dead_mailboxes_delay_no_other_mail_by_more_than_an_hour_on_any_day(
    engine: Engine, tmp_path: Path, reply: str, order: list[str]
) -> None:
    plan_many(engine, tmp_path, order)
    with refusing_dead(reply) as relay:
        deliver_for(engine, tmp_path, relay, AT_EIGHT, AN_HOUR)
        assert sorted(kept.recipient for kept in relay.kept) == GOOD
        deliver_for(engine, tmp_path, relay, AT_EIGHT + AN_HOUR, 5 * AN_HOUR)
        plan_next(engine, tmp_path, AT_EIGHT + A_DAY)
        deliver_for(engine, tmp_path, relay, AT_EIGHT + A_DAY, timedelta(0))
        assert Counter(kept.recipient for kept in relay.kept) == dict.fromkeys(GOOD, 2)
        if reply == UNKNOWN:
            deliver_for(engine, tmp_path, relay, AT_EIGHT + A_DAY + 10 * A_MINUTE, 3 * AN_HOUR)
    suppressed = {email for email, state in subscriber_states(engine).items() if state == "SUPPRESSED"}
    assert suppressed == (set(DEAD) if reply == UNKNOWN else set())
    assert relay_state(engine).paused_until is None


@pytest.mark.slow
@pytest.mark.parametrize(("reply", "suppressed"), [(UNCLEAR, 0), (UNKNOWN, 2)])
def test_a_relay_that_refuses_everybody_is_paused_after_three_domains_and_tried_less_and_less(
    engine: Engine, tmp_path: Path, reply: str, suppressed: int
) -> None:
    plan_many(engine, tmp_path, [*DEAD, *GOOD])
    with ScriptedRelay({"RCPT": reply}) as relay:
        report = run(engine, tmp_path, relay)
        assert "3 domains in a row got the same refusal" in str(report.pause_reason)
        assert ("notifier reinstate" in str(report.pause_reason)) == (reply == UNKNOWN)
        assert relay.verbs().count("MAIL") == 3
        deliver_for(engine, tmp_path, relay, AT_EIGHT + 10 * A_MINUTE, 5 * AN_HOUR)
        first_hours = relay.verbs().count("MAIL")
        assert first_hours <= len(DEAD + GOOD) + 6
        deliver_for(engine, tmp_path, relay, AT_EIGHT + 6 * AN_HOUR, 5 * AN_HOUR)
        assert relay.verbs().count("MAIL") - first_hours <= 6, "one mail an hour"
    assert Counter(subscriber_states(engine).values())["SUPPRESSED"] == suppressed
    assert relay_state(engine).paused_until
    with ScriptedRelay() as relay:
        deliver_for(engine, tmp_path, relay, AT_EIGHT + 12 * AN_HOUR, AN_HOUR)
    assert Counter(states(engine).values())["ACCEPTED"] == len(DEAD + GOOD) - suppressed


@pytest.mark.slow
def test_a_mail_that_is_planned_during_a_long_pause_tries_the_relay_at_once(engine: Engine, tmp_path: Path) -> None:
    plan_many(engine, tmp_path, DEAD)
    with refusing_dead(UNCLEAR) as relay:
        deliver_for(engine, tmp_path, relay, AT_EIGHT, AN_HOUR)
        deliver_for(engine, tmp_path, relay, AT_EIGHT + 21 * AN_HOUR, 3 * AN_HOUR)
        add_subscribers(engine, Config(), [SignUp(GOOD[0], topics=("all",), confirmed=True)])
        now = AT_EIGHT + A_DAY + 5 * A_MINUTE
        assert relay_access(relay_state(engine), now) is RelayAccess.CLOSED
        plan_next(engine, tmp_path, now)
        clock = SettableClock(now)
        run(engine, tmp_path, relay, clock)
        assert [kept.recipient for kept in relay.kept] == GOOD[:1]
    assert relay_access(relay_state(engine), now) is RelayAccess.OPEN
