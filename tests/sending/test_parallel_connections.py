"""Several connections at once: as many as are configured, or fewer if the relay does not accept so many."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.outbox import AT_EIGHT, SettableClock, plan_many, relay_state, run, sender_to, states
from support.scripted_relay import HANG, Pieces, Response, ScriptedRelay

from notifier.models import DeliveryState
from notifier.sending.run import send_due, within_grace

pytestmark = pytest.mark.usefixtures("offers_pipelining")

ADDRESSES = [f"subscriber{number}@example.org" for number in range(40)]
SLOW_REPLY = Pieces(("250 2.0.0", " kept\r\n"), pause=0.05)


@pytest.fixture
def planned(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store with a planned digest for each of forty subscribers."""
    plan_many(engine, tmp_path, ADDRESSES)
    return engine


def reply_slowly(_recipient: str) -> Response:
    return SLOW_REPLY


@pytest.mark.slow
@pytest.mark.parametrize("connections", [1, 2, 4])
def test_a_slow_relay_gets_the_configured_number_of_connections_and_each_mail_once(
    planned: Engine, tmp_path: Path, connections: int
) -> None:
    with ScriptedRelay({"DOT": reply_slowly}) as relay:
        report = run(planned, tmp_path, relay, lanes=connections)
        assert relay.connections == connections
        assert relay.verbs().count("DATA") == report.states[DeliveryState.ACCEPTED] == 40


@pytest.mark.slow
def test_a_relay_that_accepts_only_two_connections_gets_all_mail_over_two(planned: Engine, tmp_path: Path) -> None:
    greetings = iter(["220 one", "220 two", "421 4.7.0 too many connections"])
    with ScriptedRelay({"DOT": reply_slowly, "GREETING": lambda _line: next(greetings, None)}) as relay:
        clock = SettableClock()
        run(planned, tmp_path, relay, clock)
        assert Counter(states(planned).values()) == {"ACCEPTED": 39, "DEFERRED": 1}
        assert relay.connections <= 4, "the sender tries a third connection again only after a while"
        assert relay_state(planned).paused_until is None
        clock.now += timedelta(minutes=10)
        run(planned, tmp_path, relay, clock)
        copies = Counter(kept.recipient for kept in relay.kept)
    assert set(states(planned).values()) == {"ACCEPTED"}
    assert (len(copies), copies.total()) == (40, 40)


def test_a_sender_that_is_told_to_stop_begins_no_more_mail_and_does_not_wait_for_a_relay_that_never_replies(
    planned: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.sending.run.GRACE_SECONDS", 0.3)
    stopping = threading.Event()

    def stop(_line: str) -> Response:
        stopping.set()
        return HANG

    with ScriptedRelay({"DOT": stop}) as relay:
        sender = sender_to(planned, tmp_path, relay.port, SettableClock())
        assert asyncio.run(within_grace(send_due(sender, stopping), stopping)) is None
        assert relay.verbs().count("MAIL") == 1
    assert Counter(states(planned).values()) == {"PENDING": 40}
    assert list((tmp_path / "owners").iterdir()) == []


def test_when_the_limit_per_day_is_reached_the_run_ends_and_leaves_the_other_mails_pending(
    planned: Engine, tmp_path: Path
) -> None:
    with ScriptedRelay() as relay:
        report = run(planned, tmp_path, relay, rate_per_day=15)
        assert len(relay.kept) == report.states[DeliveryState.ACCEPTED] == 15
    assert Counter(states(planned).values()) == {"ACCEPTED": 15, "PENDING": 25}


def test_no_mail_is_sent_before_its_send_time(planned: Engine, tmp_path: Path) -> None:
    """The clock advances by a thousandth of a second whenever it is read."""
    clock, sent_at = SettableClock(), []

    def tick() -> datetime:
        clock.now += timedelta(seconds=0.001)
        return clock.now

    with ScriptedRelay({"RCPT": lambda _line: sent_at.append(clock.now)}) as relay:
        sender = replace(sender_to(planned, tmp_path, relay.port, clock, rate_per_second=100), clock=tick)
        asyncio.run(send_due(sender))
    assert len(sent_at) == 40
    assert all(at >= AT_EIGHT + timedelta(seconds=place / 100) for place, at in enumerate(sent_at))
