"""What a reply to each command changes: the row's state and next try, the subscriber, and the relay's state.

The tests use a real store and real SMTP. Each test also checks what the relay has received.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from support.outbox import (
    A_MINUTE,
    AT_EIGHT,
    SettableClock,
    plan_many,
    relay_state,
    rows,
    run,
    states,
    subscriber_states,
)
from support.scripted_relay import DROP, HANG, HOST, Rule, ScriptedRelay
from support.smtp import AUTHORITY, tls_server_context
from support.stores import copy_store, new_store

from notifier.config import Config, MailConfig
from notifier.delivery.transport import Timeouts
from notifier.errors import ConfigError
from notifier.models import DeliveryState
from notifier.pipeline.delivering import deliver
from notifier.pipeline.planning import plan
from notifier.sending import claims as claiming

pytestmark = pytest.mark.usefixtures("offers_pipelining")

ANN, BOB = "ann@example.org", "bob@example.net"
EVERY_VERB = ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"]
FROM_RCPT_ON = ["RCPT", "DATA", "DOT"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Make a store with a planned digest for each of two subscribers; each test copies it."""
    folder = tmp_path_factory.mktemp("prepared")
    engine = new_store(folder / "notifier.db")
    plan_many(engine, folder, [ANN, BOB])
    engine.dispose()
    return engine


@pytest.fixture
def planned(prepared: Engine, tmp_path: Path) -> Iterator[Engine]:
    """Yield a store of its own for each test, with a planned digest for each of two subscribers."""
    engine = copy_store(prepared, tmp_path / "notifier.db")
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the end of a pause: the clock stands still in these tests, so the pause would never end."""
    monkeypatch.setattr(claiming, "LONGEST_AWAITED_PAUSE", timedelta.resolution)


def for_ann(verb: str, reply: Any) -> dict[str, Rule]:
    """Return a script that gives this reply to the first mail, which is Ann's."""
    return {verb: [reply]}


def assert_retry_after(engine: Engine, email: str, minutes: float) -> None:
    wait = rows(engine)[email].next_try - AT_EIGHT
    assert minutes * 0.8 * A_MINUTE <= wait <= minutes * 1.2 * A_MINUTE


@pytest.mark.parametrize("verb", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", ["450 4.2.1 later", "451 4.7.1 greylisted", "452 4.2.2 full", "552 5.2.2 full"])
def test_a_deferred_mail_is_tried_again_in_5_minutes_and_the_others_are_sent(
    planned: Engine, tmp_path: Path, verb: str, reply: str
) -> None:
    with ScriptedRelay(for_ann(verb, reply)) as relay:
        run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
        assert relay.verbs().count("MAIL") == 2
    row = rows(planned)[ANN]
    assert (row.state, row.attempts, row.reply) == ("DEFERRED", 1, reply)
    assert_retry_after(planned, ANN, 5)
    assert subscriber_states(planned) == {ANN: "ACTIVE", BOB: "ACTIVE"}
    assert relay_state(planned).paused_until is None


def test_a_mail_deferred_again_and_again_waits_longer_each_time_and_expires_after_72_hours(
    planned: Engine, tmp_path: Path
) -> None:
    clock = SettableClock()
    with ScriptedRelay({"RCPT": lambda line: "451 4.7.1 greylisted" if ANN in line else None}) as relay:
        for minutes in (5, 10, 20, 40, 67, 67):
            run(planned, tmp_path, relay, clock)
            wait = rows(planned)[ANN].next_try - clock.now
            assert minutes * 0.8 * A_MINUTE <= wait <= minutes * 1.2 * A_MINUTE
            clock.now = rows(planned)[ANN].next_try
        clock.now = AT_EIGHT + timedelta(hours=72)
        report = run(planned, tmp_path, relay, clock)
    assert report.states[DeliveryState.EXPIRED] == 1
    assert states(planned)[ANN] == "EXPIRED"


@pytest.mark.parametrize("verb", EVERY_VERB)
def test_421_closes_the_connection_and_does_not_count_as_an_attempt(planned: Engine, tmp_path: Path, verb: str) -> None:
    with ScriptedRelay({verb: ["421 4.3.2 busy"]}) as relay:
        run(planned, tmp_path, relay)
        assert relay.connections == 2
        assert [kept.recipient for kept in relay.kept] == [BOB]
    row = rows(planned)[ANN]
    assert (row.state, row.attempts, row.reply) == ("DEFERRED", 0, "421 4.3.2 busy")
    assert_retry_after(planned, ANN, 5)
    assert relay_state(planned).paused_until is None
    assert subscriber_states(planned)[ANN] == "ACTIVE"


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        *[("RCPT", reply) for reply in ("550 no such user", "550 5.1.1 unknown", "554 5.1.10 null MX")],
        ("DATA", "554 5.1.1 unknown"),
        ("DOT", "550 5.1.1 unknown"),
    ],
)
def test_a_refused_address_is_rejected_and_its_subscriber_suppressed_at_once(
    planned: Engine, tmp_path: Path, verb: str, reply: str
) -> None:
    with ScriptedRelay(for_ann(verb, reply)) as relay:
        report = run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
        assert report.states[DeliveryState.REJECTED] == 1
    row = rows(planned)[ANN]
    assert (row.state, row.next_try, row.reply) == ("REJECTED", None, reply)
    assert subscriber_states(planned) == {ANN: "SUPPRESSED", BOB: "ACTIVE"}
    assert relay_state(planned).paused_until is None


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        *[("GREETING", "554 5.7.1 not you"), ("EHLO", "550 your name?"), ("AUTH", "535 5.7.8 wrong password")],
        *[("MAIL", reply) for reply in ("550 5.1.8 bad sender", "553 no", "530 5.7.0 log in", "571 no")],
        *[(verb, "530 5.7.0 log in first") for verb in FROM_RCPT_ON],
    ],
)
def test_sending_pauses_if_the_relay_refuses_us_and_no_subscriber_is_suppressed(
    planned: Engine, tmp_path: Path, verb: str, reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    login = {"username": "user", "password": "secret", "tls": "starttls", "ca_file": AUTHORITY}
    extensions = ("AUTH PLAIN LOGIN",) if verb == "AUTH" else ("SIZE",)
    more: dict[str, Any] = {**login, "host": "localhost"} if verb == "AUTH" else {}
    with ScriptedRelay({verb: reply}, tls=tls_server_context("valid"), extensions=extensions) as relay:
        report = run(planned, tmp_path, relay, **more)
        before = relay.connections
        run(planned, tmp_path, relay, **more)
        assert relay.connections == before == 1, "no connection is opened during a pause"
        assert relay.kept == []
    assert reply in str(report.pause_reason)
    assert (rows(planned)[ANN].state, rows(planned)[ANN].attempts) == ("DEFERRED", 0)
    assert states(planned)[BOB] == "PENDING"
    assert subscriber_states(planned) == {ANN: "ACTIVE", BOB: "ACTIVE"}
    state = relay_state(planned)
    assert state.paused_until == AT_EIGHT + timedelta(minutes=5)
    assert reply in state.reason
    assert "no mail is sent until" in caplog.text


def test_a_pause_ends_by_itself_with_one_probe(planned: Engine, tmp_path: Path) -> None:
    clock = SettableClock()
    with ScriptedRelay({"MAIL": ["550 not you", "550 not you"]}) as relay:
        for minutes in (5, 10):
            report = run(planned, tmp_path, relay, clock)
            assert report.pause_reason
            paused_until = relay_state(planned).paused_until
            assert paused_until == clock.now + minutes * A_MINUTE
            clock.now = paused_until
        assert relay.verbs().count("MAIL") == 2, "each run sends one mail only"
        clock.now += 10 * A_MINUTE
        report = run(planned, tmp_path, relay, clock)
        assert sorted(kept.recipient for kept in relay.kept) == [ANN, BOB]
    assert report.pause_reason is None
    assert (relay_state(planned).paused_until, relay_state(planned).reason) == (None, "")


@pytest.mark.parametrize("verb", ["RCPT", "DOT"])
def test_a_refusal_by_policy_defers_that_mail_and_suppresses_nobody(planned: Engine, tmp_path: Path, verb: str) -> None:
    with ScriptedRelay(for_ann(verb, "550 5.7.1 blocked")) as relay:
        run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
    assert (rows(planned)[ANN].state, rows(planned)[ANN].attempts) == ("DEFERRED", 1)
    assert_retry_after(planned, ANN, 5)
    assert subscriber_states(planned) == {ANN: "ACTIVE", BOB: "ACTIVE"}
    assert relay_state(planned).paused_until is None


@pytest.mark.parametrize("verb", ["RCPT", "DOT"])
def test_sending_pauses_after_policy_refusals_for_three_domains_without_an_acceptance_between(
    engine: Engine, tmp_path: Path, verb: str
) -> None:
    plan_many(engine, tmp_path, ["a@one.org", "b@one.org", "c@two.org", "d@three.org", "e@four.org"])
    with ScriptedRelay({verb: "554 5.7.1 denied"}) as relay:
        report = run(engine, tmp_path, relay)
        assert relay.verbs().count("MAIL") == 4
    assert "3 domains" in str(report.pause_reason)
    assert list(states(engine).values()) == ["DEFERRED"] * 4 + ["PENDING"]
    assert set(subscriber_states(engine).values()) == {"ACTIVE"}


def test_sending_pauses_after_50_deferrals_in_a_row_and_an_accepted_probe_resumes_it(
    engine: Engine, tmp_path: Path
) -> None:
    plan_many(engine, tmp_path, [f"subscriber{number}@example.org" for number in range(70)])
    clock = SettableClock()
    with ScriptedRelay({"RCPT": "451 4.3.0 trouble"}) as relay:
        report = run(engine, tmp_path, relay, clock)
        assert relay.verbs().count("MAIL") == 50
    assert "50 errors in a row" in str(report.pause_reason)
    assert sorted(set(states(engine).values())) == ["DEFERRED", "PENDING"]
    clock.now = AT_EIGHT + timedelta(seconds=10)
    with ScriptedRelay({"RCPT": "451 4.3.0 trouble"}) as relay:
        run(engine, tmp_path, relay, clock)
        assert relay.verbs().count("MAIL") == 1, "one probe"
    clock.now += timedelta(seconds=20)
    with ScriptedRelay() as relay:
        run(engine, tmp_path, relay, clock)
        assert len(relay.kept) == 19
    assert relay_state(engine).errors == 0


def test_a_relay_that_defers_every_first_try_is_probed_with_a_mail_that_was_tried_before(
    engine: Engine, tmp_path: Path
) -> None:
    plan_many(engine, tmp_path, [f"subscriber{number}@example.org" for number in range(60)])
    clock, known = SettableClock(), set()

    def greylist(line: str) -> str | None:
        if line in known:
            return None
        known.add(line)
        return "450 4.7.1 greylisted"

    with ScriptedRelay({"RCPT": greylist}) as relay:
        run(engine, tmp_path, relay, clock)
        assert (len(known), relay.kept) == (50, [])
        clock.now += 10 * A_MINUTE
        run(engine, tmp_path, relay, clock)
        assert len(relay.kept) == 50
        clock.now += 10 * A_MINUTE
        run(engine, tmp_path, relay, clock)
    assert set(states(engine).values()) == {"ACCEPTED"}


@pytest.mark.parametrize("action", [DROP, HANG])
def test_a_lost_reply_to_the_final_dot_is_uncertain_and_the_same_mail_is_sent_twice_more(
    planned: Engine, tmp_path: Path, action: Any
) -> None:
    clock, seen = SettableClock(), []
    timeouts = Timeouts(dot=0.3)
    for times in (1, 2, 3):
        with ScriptedRelay({"DOT": lambda recipient: action if recipient == ANN else None}) as relay:
            report = run(planned, tmp_path, relay, clock, timeouts=timeouts)
            seen += [
                seen.line for seen in relay.seen if seen.line.startswith(("MAIL", "RCPT")) and BOB not in seen.line
            ]
        row = rows(planned)[ANN]
        assert report.states[DeliveryState.UNCERTAIN] == 1
        assert (row.state, row.uncertain) == ("UNCERTAIN", times)
        clock.now += 15 * A_MINUTE
        assert row.next_try == (clock.now if times < 3 else None)
    assert states(planned)[BOB] == "ACCEPTED"
    assert seen.count(f"RCPT TO:<{ANN}>") == 3
    assert subscriber_states(planned)[ANN] == "ACTIVE"


@pytest.mark.parametrize("verb", EVERY_VERB[:-1])
def test_a_relay_that_hangs_causes_a_timeout_and_no_lease_stays(planned: Engine, tmp_path: Path, verb: str) -> None:
    timeouts = Timeouts(greeting=0.3, command=0.3, data=0.3)
    with ScriptedRelay({verb: [HANG]}) as relay:
        run(planned, tmp_path, relay, timeouts=timeouts)
        assert relay.closed.acquire(timeout=10)
    row = rows(planned)[ANN]
    assert (row.state, row.owner) == ("DEFERRED", None)
    assert "imed out" in row.reply
    assert_retry_after(planned, ANN, 5)
    pauses = verb in ("GREETING", "EHLO", "MAIL")
    assert (relay_state(planned).paused_until is not None) == pauses
    assert states(planned)[BOB] == ("PENDING" if pauses else "ACCEPTED")


def test_a_relay_that_cannot_be_reached_causes_a_short_pause_and_defers_one_mail(
    planned: Engine, tmp_path: Path
) -> None:
    with ScriptedRelay() as relay:
        pass
    with socket.create_server((HOST, 0)) as unused:
        relay.port = unused.getsockname()[1]
    run(planned, tmp_path, relay)
    assert sorted(states(planned).values()) == ["DEFERRED", "PENDING"]
    assert relay_state(planned).paused_until == AT_EIGHT + timedelta(seconds=10)


@pytest.mark.parametrize("certificate", ["expired", "elsewhere"])
def test_an_invalid_certificate_defers_the_mail_and_nothing_is_sent_in_clear_text(
    planned: Engine, tmp_path: Path, certificate: str
) -> None:
    with ScriptedRelay(tls=tls_server_context(certificate)) as relay:
        report = run(planned, tmp_path, relay, tls="starttls", ca_file=AUTHORITY, host="localhost")
        assert "MAIL" not in relay.verbs()
    assert "certificate" in str(report.pause_reason)
    assert states(planned)[ANN] == "DEFERRED"


@pytest.mark.parametrize(
    "reply", ["550 relay not permitted", "550 <{}>: Sender verify failed", "550-Hi {}\r\n550 5.7.1 no"]
)
def test_sending_pauses_after_the_same_refusal_of_ten_recipients_of_one_domain(
    engine: Engine, tmp_path: Path, reply: str
) -> None:
    emails = [f"subscriber{number}@one.org" for number in range(20)]
    plan_many(engine, tmp_path, emails)
    with ScriptedRelay({"RCPT": lambda line: reply.format(line[len("RCPT TO:<") : -1])}) as relay:
        report = run(engine, tmp_path, relay, lanes=1)
        assert relay.verbs().count("RCPT") == 10
    assert "10 recipients of one.org" in str(report.pause_reason)
    assert set(subscriber_states(engine).values()) == {"ACTIVE"}
    assert sorted(states(engine).values()) == ["DEFERRED"] * 10 + ["PENDING"] * 10


def test_the_pause_after_refusals_by_policy_is_probed_with_a_mail_that_was_not_refused_yet(
    engine: Engine, tmp_path: Path
) -> None:
    refused = [f"subscriber{number}@one.org" for number in range(10)]
    plan_many(engine, tmp_path, [*refused, "the-good@two.org"])
    clock = SettableClock()
    with ScriptedRelay({"RCPT": lambda line: None if "good" in line else "550 Greylisted"}) as relay:
        assert run(engine, tmp_path, relay, clock, lanes=1).pause_reason
        assert relay.kept == []
        clock.now += 10 * A_MINUTE
        run(engine, tmp_path, relay, clock, lanes=1)
        assert [kept.recipient for kept in relay.kept] == ["the-good@two.org"]


@pytest.mark.parametrize("verb", ["MAIL", *FROM_RCPT_ON])
def test_a_mail_that_is_too_large_fails_alone(planned: Engine, tmp_path: Path, verb: str) -> None:
    with ScriptedRelay(for_ann(verb, "552 5.3.4 too big")) as relay:
        report = run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
    assert report.states[DeliveryState.FAILED] == 1
    assert (rows(planned)[ANN].state, rows(planned)[ANN].next_try) == ("FAILED", None)
    assert rows(planned)[ANN].too_large
    assert subscriber_states(planned)[ANN] == "ACTIVE"


@pytest.mark.parametrize("reply", ["552 message size exceeds fixed limit", "554 5.6.0 message body too big"])
def test_the_papers_of_a_mail_that_is_too_large_are_in_the_next_digest(
    planned: Engine, tmp_path: Path, reply: str
) -> None:
    clock = SettableClock()
    with ScriptedRelay(for_ann("DOT", reply)) as relay:
        run(planned, tmp_path, relay, clock)
        clock.now = AT_EIGHT + timedelta(days=1)
        plan(planned, Config(), clock.now)
        run(planned, tmp_path, relay, clock)
        assert [kept.recipient for kept in relay.kept] == [BOB, ANN]
        assert b"The Title of a Paper" in relay.kept[1].content
    assert states(planned)[ANN] == "ACCEPTED"


@pytest.mark.parametrize(
    "sender", ["papers@my_host", f"{'x' * 1000} <papers@example.org>", "Pa\rpers <papers@example.org>"]
)
def test_a_sender_that_cannot_be_written_into_a_mail_ends_the_run_and_the_mails_wait(
    planned: Engine, sender: str
) -> None:
    mail = MailConfig.model_construct(sender=sender, transport="smtp", envelope="", templates=None)
    with pytest.raises(ConfigError, match=r"mail\.sender"):
        deliver(planned, Config().model_copy(update={"mail": mail}), SettableClock())
    assert states(planned) == {ANN: "PENDING", BOB: "PENDING"}
