"""What the relay may answer, at each verb: what becomes of the row, its next try, the reader and the relay.

The rows of the table of expected behaviour, over a real store and real SMTP; each test asserts what the relay saw, too.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from support.outbox import A_MINUTE, AT_EIGHT, Clock, plan_many, readers, relay_state, rows, run, states
from support.scripted_relay import DROP, HANG, HOST, Rule, ScriptedRelay
from support.smtp import AUTHORITY, certified

from notifier.delivery.transport import Timeouts
from notifier.models import DeliveryState
from notifier.sending import claims as claiming
from notifier.store.schema import open_store

pytestmark = pytest.mark.usefixtures("offers_pipelining")

ANN, BOB = "ann@example.org", "bob@example.net"
EVERY_VERB = ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"]
FROM_RCPT_ON = ["RCPT", "DATA", "DOT"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which a digest waits for each of two readers, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    engine = open_store(f"sqlite:///{folder}/notifier.db")
    plan_many(engine, folder, [ANN, BOB])
    engine.dispose()
    return folder / "notifier.db"


@pytest.fixture
def planned(prepared: Path, tmp_path: Path) -> Iterator[Engine]:
    """A store of its own for each test, in which a digest waits for each of two readers."""
    shutil.copy(prepared, tmp_path / "notifier.db")
    engine = open_store(f"sqlite:///{tmp_path}/notifier.db")
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still in these tests: a pause of the relay never ends."""
    monkeypatch.setattr(claiming, "SHORT_PAUSE", timedelta.resolution)


def for_ann(verb: str, reply: Any) -> dict[str, Rule]:
    """A script that answers so to the first mail, which is Ann's."""
    return {verb: [reply]}


def assert_tried_again(engine: Engine, email: str, minutes: float) -> None:
    wait = rows(engine)[email].next_try - AT_EIGHT
    assert minutes * 0.8 * A_MINUTE <= wait <= minutes * 1.2 * A_MINUTE


@pytest.mark.parametrize("verb", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", ["450 4.2.1 later", "451 4.7.1 greylisted", "452 4.2.2 full", "552 5.2.2 full"])
def test_a_mail_put_off_is_tried_again_in_5_minutes_and_the_others_go_on(
    planned: Engine, tmp_path: Path, verb: str, reply: str
) -> None:
    with ScriptedRelay(for_ann(verb, reply)) as relay:
        run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
        assert relay.verbs().count("MAIL") == 2
    row = rows(planned)[ANN]
    assert (row.state, row.attempts, row.reply) == ("DEFERRED", 1, reply)
    assert_tried_again(planned, ANN, 5)
    assert readers(planned) == {ANN: "ACTIVE", BOB: "ACTIVE"}
    assert relay_state(planned).paused_until is None


def test_a_mail_put_off_again_and_again_waits_longer_each_time_and_expires_after_72_hours(
    planned: Engine, tmp_path: Path
) -> None:
    clock = Clock()
    with ScriptedRelay({"RCPT": lambda line: "451 4.7.1 greylisted" if ANN in line else None}) as relay:
        for minutes in (5, 10, 20, 40, 67, 67):
            run(planned, tmp_path, relay, clock)
            wait = rows(planned)[ANN].next_try - clock.now
            assert minutes * 0.8 * A_MINUTE <= wait <= minutes * 1.2 * A_MINUTE
            clock.now = rows(planned)[ANN].next_try
        clock.now = AT_EIGHT + timedelta(hours=72)
        done = run(planned, tmp_path, relay, clock)
    assert done.states[DeliveryState.EXPIRED] == 1
    assert states(planned)[ANN] == "EXPIRED"


@pytest.mark.parametrize("verb", EVERY_VERB)
def test_421_drops_the_connection_and_counts_no_attempt(planned: Engine, tmp_path: Path, verb: str) -> None:
    with ScriptedRelay({verb: ["421 4.3.2 busy"]}) as relay:
        run(planned, tmp_path, relay)
        assert relay.connections == 2
        assert [kept.recipient for kept in relay.kept] == [BOB]
    row = rows(planned)[ANN]
    assert (row.state, row.attempts, row.reply) == ("DEFERRED", 0, "421 4.3.2 busy")
    assert_tried_again(planned, ANN, 5)
    assert relay_state(planned).paused_until is None
    assert readers(planned)[ANN] == "ACTIVE"


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        *[("RCPT", reply) for reply in ("550 no such user", "553 bad name", "550 5.1.1 unknown", "554 5.1.10 null MX")],
        ("DATA", "554 5.1.1 unknown"),
        ("DOT", "550 5.1.1 unknown"),
    ],
)
def test_a_refused_address_is_rejected_and_its_reader_suppressed_at_the_first_time(
    planned: Engine, tmp_path: Path, verb: str, reply: str
) -> None:
    with ScriptedRelay(for_ann(verb, reply)) as relay:
        done = run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
        assert done.states[DeliveryState.REJECTED] == 1
    row = rows(planned)[ANN]
    assert (row.state, row.next_try, row.reply) == ("REJECTED", None, reply)
    assert readers(planned) == {ANN: "SUPPRESSED", BOB: "ACTIVE"}
    assert relay_state(planned).paused_until is None


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        *[("GREETING", "554 5.7.1 not you"), ("EHLO", "550 your name?"), ("AUTH", "535 5.7.8 wrong password")],
        *[("MAIL", reply) for reply in ("550 5.1.8 bad sender", "553 no", "530 5.7.0 log in", "571 no")],
        *[(verb, "530 5.7.0 log in first") for verb in FROM_RCPT_ON],
    ],
)
def test_a_relay_that_refuses_us_pauses_and_no_reader_is_blamed(
    planned: Engine, tmp_path: Path, verb: str, reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    login = {"username": "user", "password": "secret", "tls": "starttls", "ca_file": AUTHORITY}
    offers = ("AUTH PLAIN LOGIN",) if verb == "AUTH" else ("SIZE",)
    more: dict[str, Any] = {**login, "host": "localhost"} if verb == "AUTH" else {}
    with ScriptedRelay({verb: reply}, tls=certified("valid"), offers=offers) as relay:
        done = run(planned, tmp_path, relay, **more)
        tried = relay.connections
        run(planned, tmp_path, relay, **more)
        assert relay.connections == tried == 1, "it is left alone"
        assert relay.kept == []
    assert reply in str(done.trouble)
    assert (rows(planned)[ANN].state, rows(planned)[ANN].attempts) == ("DEFERRED", 0)
    assert states(planned)[BOB] == "PENDING"
    assert readers(planned) == {ANN: "ACTIVE", BOB: "ACTIVE"}
    state = relay_state(planned)
    assert state.paused_until == AT_EIGHT + timedelta(minutes=5)
    assert reply in state.reason
    assert "left alone until" in caplog.text


def test_a_pause_ends_by_itself_with_one_probe(planned: Engine, tmp_path: Path) -> None:
    clock = Clock()
    with ScriptedRelay({"MAIL": ["550 not you", "550 not you"]}) as relay:
        for minutes in (5, 10):
            done = run(planned, tmp_path, relay, clock)
            assert done.trouble
            paused_until = relay_state(planned).paused_until
            assert paused_until == clock.now + minutes * A_MINUTE
            clock.now = paused_until
        assert relay.verbs().count("MAIL") == 2, "one probe each"
        clock.now += 10 * A_MINUTE
        done = run(planned, tmp_path, relay, clock)
        assert sorted(kept.recipient for kept in relay.kept) == [ANN, BOB]
    assert done.trouble is None
    assert (relay_state(planned).paused_until, relay_state(planned).reason) == (None, "")


@pytest.mark.parametrize("verb", ["RCPT", "DOT"])
def test_a_refusal_by_policy_defers_that_mail_and_suppresses_nobody(planned: Engine, tmp_path: Path, verb: str) -> None:
    with ScriptedRelay(for_ann(verb, "550 5.7.1 blocked")) as relay:
        run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
    assert (rows(planned)[ANN].state, rows(planned)[ANN].attempts) == ("DEFERRED", 1)
    assert_tried_again(planned, ANN, 5)
    assert readers(planned) == {ANN: "ACTIVE", BOB: "ACTIVE"}
    assert relay_state(planned).paused_until is None


@pytest.mark.parametrize("verb", ["RCPT", "DOT"])
def test_refused_by_policy_for_three_domains_with_no_acceptance_between_the_relay_pauses(
    engine: Engine, tmp_path: Path, verb: str
) -> None:
    plan_many(engine, tmp_path, ["a@one.org", "b@one.org", "c@two.org", "d@three.org", "e@four.org"])
    with ScriptedRelay({verb: "554 5.7.1 denied"}) as relay:
        done = run(engine, tmp_path, relay)
        assert relay.verbs().count("MAIL") == 4
    assert "3 domains" in str(done.trouble)
    assert list(states(engine).values()) == ["DEFERRED"] * 4 + ["PENDING"]
    assert set(readers(engine).values()) == {"ACTIVE"}


def test_when_all_mail_is_put_off_the_breaker_stops_after_50_and_one_accepted_probe_resumes(
    engine: Engine, tmp_path: Path
) -> None:
    plan_many(engine, tmp_path, [f"reader{number}@example.org" for number in range(70)])
    clock = Clock()
    with ScriptedRelay({"RCPT": "451 4.3.0 trouble"}) as relay:
        done = run(engine, tmp_path, relay, clock)
        assert relay.verbs().count("MAIL") == 50
    assert "50 errors in a row" in str(done.trouble)
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


def test_a_relay_that_puts_off_every_first_try_is_probed_with_a_mail_that_it_knows(
    engine: Engine, tmp_path: Path
) -> None:
    plan_many(engine, tmp_path, [f"reader{number}@example.org" for number in range(60)])
    clock, known = Clock(), set()

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


@pytest.mark.parametrize("act", [DROP, HANG])
def test_a_reply_lost_after_the_dot_leaves_the_mail_uncertain_and_the_same_bytes_come_twice_more(
    planned: Engine, tmp_path: Path, act: Any
) -> None:
    clock, seen = Clock(), []
    patience = Timeouts(dot=0.3)
    for times in (1, 2, 3):
        with ScriptedRelay({"DOT": lambda recipient: act if recipient == ANN else None}) as relay:
            done = run(planned, tmp_path, relay, clock, timeouts=patience)
            seen += [
                seen.line for seen in relay.seen if seen.line.startswith(("MAIL", "RCPT")) and BOB not in seen.line
            ]
        row = rows(planned)[ANN]
        assert done.states[DeliveryState.UNCERTAIN] == 1
        assert (row.state, row.uncertain) == ("UNCERTAIN", times)
        clock.now += 15 * A_MINUTE
        assert row.next_try == (clock.now if times < 3 else None)
    assert states(planned)[BOB] == "ACCEPTED"
    assert seen.count(f"RCPT TO:<{ANN}>") == 3
    assert readers(planned)[ANN] == "ACTIVE"


@pytest.mark.parametrize("verb", EVERY_VERB[:-1])
def test_a_relay_that_hangs_is_left_in_time_and_no_lease_stays(planned: Engine, tmp_path: Path, verb: str) -> None:
    patience = Timeouts(greeting=0.3, command=0.3, data=0.3)
    with ScriptedRelay({verb: [HANG]}) as relay:
        run(planned, tmp_path, relay, timeouts=patience)
        assert relay.closed.acquire(timeout=10)
    row = rows(planned)[ANN]
    assert (row.state, row.owner) == ("DEFERRED", None)
    assert "imed out" in row.reply
    assert_tried_again(planned, ANN, 5)
    is_relays_fault = verb in ("GREETING", "EHLO", "MAIL")
    assert (relay_state(planned).paused_until is not None) == is_relays_fault
    assert states(planned)[BOB] == ("PENDING" if is_relays_fault else "ACCEPTED")


def test_a_relay_that_cannot_be_reached_pauses_for_a_short_while_and_defers_one_mail(
    planned: Engine, tmp_path: Path
) -> None:
    with ScriptedRelay() as relay:
        pass
    with socket.create_server((HOST, 0)) as nobody:
        relay.port = nobody.getsockname()[1]
    run(planned, tmp_path, relay)
    assert sorted(states(planned).values()) == ["DEFERRED", "PENDING"]
    assert relay_state(planned).paused_until == AT_EIGHT + timedelta(seconds=10)


@pytest.mark.parametrize("certificate", ["expired", "elsewhere"])
def test_a_wrong_certificate_defers_with_the_reason_and_nothing_goes_in_clear_text(
    planned: Engine, tmp_path: Path, certificate: str
) -> None:
    with ScriptedRelay(tls=certified(certificate)) as relay:
        done = run(planned, tmp_path, relay, tls="starttls", ca_file=AUTHORITY, host="localhost")
        assert "MAIL" not in relay.verbs()
    assert "certificate" in str(done.trouble)
    assert states(planned)[ANN] == "DEFERRED"


@pytest.mark.parametrize("verb", ["MAIL", *FROM_RCPT_ON])
def test_a_mail_that_is_too_large_fails_alone(planned: Engine, tmp_path: Path, verb: str) -> None:
    with ScriptedRelay(for_ann(verb, "552 5.3.4 too big")) as relay:
        done = run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
    assert done.states[DeliveryState.FAILED] == 1
    assert (rows(planned)[ANN].state, rows(planned)[ANN].next_try) == ("FAILED", None)
    assert readers(planned)[ANN] == "ACTIVE"
