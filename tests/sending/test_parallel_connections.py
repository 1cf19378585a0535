"""Several lanes at once: as many as are asked for, and as the relay bears."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.outbox import AT_EIGHT, Clock, plan_many, relay_state, run, sender_to, states
from support.scripted_relay import HANG, Pieces, ScriptedRelay, Turn

from notifier.models import DeliveryState
from notifier.sending.run import send_due, within_grace

pytestmark = pytest.mark.usefixtures("offers_pipelining")

READERS = [f"reader{number}@example.org" for number in range(40)]
SLOWLY = Pieces(("250 2.0.0", " kept\r\n"), pause=0.05)


@pytest.fixture
def planned(engine: Engine, tmp_path: Path) -> Engine:
    """A digest waits for each of forty readers."""
    plan_many(engine, tmp_path, READERS)
    return engine


def slowly(_recipient: str) -> Turn:
    return SLOWLY


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_a_slow_relay_gets_as_many_connections_as_asked_for_and_each_mail_once(
    planned: Engine, tmp_path: Path, lanes: int
) -> None:
    with ScriptedRelay({"DOT": slowly}) as relay:
        done = run(planned, tmp_path, relay, lanes=lanes)
        assert relay.connections == lanes
        assert relay.verbs().count("DATA") == done.states[DeliveryState.ACCEPTED] == 40


def test_a_relay_that_bears_two_connections_gets_all_mail_over_two(planned: Engine, tmp_path: Path) -> None:
    greetings = iter(["220 one", "220 two", "421 4.7.0 too many connections"])
    with ScriptedRelay({"DOT": slowly, "GREETING": lambda _line: next(greetings, None)}) as relay:
        clock = Clock()
        run(planned, tmp_path, relay, clock)
        assert Counter(states(planned).values()) == {"ACCEPTED": 39, "DEFERRED": 1}
        assert relay.connections <= 4, "it tries a third again only after a while"
        assert relay_state(planned).paused_until is None
        clock.now += timedelta(minutes=10)
        run(planned, tmp_path, relay, clock)
        copies = Counter(kept.recipient for kept in relay.kept)
    assert set(states(planned).values()) == {"ACCEPTED"}
    assert (len(copies), copies.total()) == (40, 40)


def test_told_to_stop_it_writes_no_more_mail_and_cuts_a_relay_that_never_answers(
    planned: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.sending.run.GRACE_SECONDS", 0.3)
    stopping = threading.Event()

    def stop(_line: str) -> Turn:
        stopping.set()
        return HANG

    with ScriptedRelay({"DOT": stop}) as relay:
        sender = sender_to(planned, tmp_path, relay.port, Clock())
        assert asyncio.run(within_grace(send_due(sender, stopping), stopping)) is None
        assert relay.verbs().count("MAIL") == 1
    assert Counter(states(planned).values()) == {"PENDING": 40}
    assert list((tmp_path / "owners").iterdir()) == []


def test_a_sender_without_a_days_mail_left_ends_and_claims_nothing(planned: Engine, tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        done = run(planned, tmp_path, relay, rate_per_day=15)
        assert len(relay.kept) == done.states[DeliveryState.ACCEPTED] == 15
    assert Counter(states(planned).values()) == {"ACCEPTED": 15, "PENDING": 25}


def test_mail_waits_for_its_turn_by_the_second(planned: Engine, tmp_path: Path) -> None:
    """The clock goes on by a hundredth of a second whenever it is read: no turn may come before its time."""
    clock, sent_at = Clock(), []

    def tick() -> datetime:
        clock.now += timedelta(seconds=0.01)
        return clock.now

    with ScriptedRelay({"RCPT": lambda _line: sent_at.append(clock.now)}) as relay:
        sender = replace(sender_to(planned, tmp_path, relay.port, clock, rate_per_second=10), clock=tick)
        asyncio.run(send_due(sender))
    assert len(sent_at) == 40
    assert all(at >= AT_EIGHT + timedelta(seconds=place / 10) for place, at in enumerate(sent_at))
