"""A relay that hangs up or says nothing: what is certain is deferred, what is not is UNCERTAIN, no lane is stuck."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from support.scripted_relay import DROP, HANG, HOST, RESET, Act, ScriptedRelay
from support.smtp import a_mail, send, settings_for

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, Timeouts
from notifier.models import DeliveryState

pytestmark = pytest.mark.usefixtures("offers_pipelining")

LATE = 0.2  # seconds: the patience of these tests
PATIENT = Timeouts()
TURNS = [
    ("GREETING", DeliveryState.DEFERRED, RelayCondition.DOWN, replace(PATIENT, greeting=LATE)),
    ("EHLO", DeliveryState.DEFERRED, RelayCondition.DOWN, replace(PATIENT, greeting=LATE)),
    ("MAIL", DeliveryState.DEFERRED, RelayCondition.DOWN, replace(PATIENT, command=LATE)),
    ("RCPT", DeliveryState.DEFERRED, RelayCondition.WORKING, replace(PATIENT, command=LATE)),
    ("DATA", DeliveryState.DEFERRED, RelayCondition.WORKING, replace(PATIENT, data=LATE)),
    ("DOT", DeliveryState.UNCERTAIN, RelayCondition.WORKING, replace(PATIENT, dot=LATE)),
]
LARGE = b"Subject: large\r\n\r\n" + (b"y" * 70 + b"\r\n") * 400_000


@pytest.mark.parametrize("cut", [DROP, RESET])
@pytest.mark.parametrize(("turn", "state", "fault", "_"), TURNS)
def test_a_cut_line_is_judged_by_the_phase_and_the_next_mail_goes_over_a_new_one(
    turn: str, state: DeliveryState, fault: RelayCondition, _: Timeouts, cut: Act
) -> None:
    with ScriptedRelay({turn: [cut]}) as relay:
        cut_off, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (cut_off.state, cut_off.relay) == (state, fault)
    assert accepted.state is DeliveryState.ACCEPTED
    assert relay.connections == 2


@pytest.mark.parametrize(("turn", "state", "fault", "timeouts"), TURNS)
def test_a_relay_that_falls_silent_is_left_in_time_and_the_next_mail_goes_over_a_new_line(
    turn: str, state: DeliveryState, fault: RelayCondition, timeouts: Timeouts
) -> None:
    with ScriptedRelay({turn: [HANG]}) as relay:
        timed_out, accepted = send(settings_for(relay, timeouts=timeouts), a_mail(1), a_mail(2))
        assert relay.closed.acquire(timeout=10)
    assert (timed_out.state, timed_out.relay) == (state, fault)
    assert "imed out" in timed_out.reply
    assert accepted.state is DeliveryState.ACCEPTED


def test_a_mail_whose_reply_was_lost_was_kept_by_the_relay_so_uncertain_is_the_truth() -> None:
    with ScriptedRelay({"DOT": [("250 2.0.0 kept", DROP)]}) as relay:
        (accepted,) = send(settings_for(relay), a_mail(1))
    assert accepted.state is DeliveryState.ACCEPTED
    with ScriptedRelay({"DOT": [DROP]}) as relay:
        (uncertain,) = send(settings_for(relay), a_mail(1))
    assert uncertain.state is DeliveryState.UNCERTAIN


@pytest.mark.parametrize("cut", [DROP, RESET])
def test_a_line_cut_before_the_message_was_written_out_is_certain(cut: Act) -> None:
    with ScriptedRelay({"CONTENT": [cut]}) as relay:
        cut_off, accepted = send(settings_for(relay), a_mail(1, content=LARGE), a_mail(2))
    assert (cut_off.state, cut_off.relay) == (DeliveryState.DEFERRED, RelayCondition.WORKING)
    assert accepted.state is DeliveryState.ACCEPTED


def test_a_relay_that_stops_reading_in_the_middle_of_the_message_is_left_in_time() -> None:
    with ScriptedRelay({"CONTENT": [HANG]}) as relay:
        settings = settings_for(relay, timeouts=replace(PATIENT, block=LATE))
        timed_out, accepted = send(settings, a_mail(1, content=LARGE), a_mail(2))
    assert timed_out == Outcome(DeliveryState.DEFERRED, "CONTENT: timed out")
    assert accepted.state is DeliveryState.ACCEPTED


def test_a_connection_that_went_silent_since_its_last_mail_is_replaced_and_nobody_is_blamed() -> None:
    with ScriptedRelay({"MAIL": ["250 ok", HANG]}) as relay:
        settings = settings_for(relay, timeouts=replace(PATIENT, command=LATE))
        outcomes = send(settings, a_mail(1), a_mail(2))
    assert [outcome.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert relay.connections == 2


def test_where_nobody_listens_the_mail_is_deferred_and_the_relay_is_down() -> None:
    with socket.create_server((HOST, 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    (outcome,) = send(RelaySettings(HOST, port, tls="none"), a_mail())
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.DOWN)
    assert outcome.reply.startswith(f"CONNECT: Error connecting to {HOST} on port {port}")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".test"])
def test_a_host_that_cannot_be_found_is_a_relay_that_is_down(host: str) -> None:
    (outcome,) = send(RelaySettings(host, 25, tls="none"), a_mail())
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.DOWN)


@pytest.mark.parametrize("turn", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT", "DOT"])
def test_a_cancelled_send_closes_its_connection_and_the_next_send_gets_another(turn: str) -> None:
    async def scenario() -> Outcome:
        async with SmtpTransport(settings_for(relay)) as lane:
            sending = asyncio.create_task(lane.send(a_mail(1)))
            await asyncio.to_thread(relay.hung.wait)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            return await lane.send(a_mail(2))

    with ScriptedRelay({turn: [HANG]}) as relay:
        assert asyncio.run(scenario()).state is DeliveryState.ACCEPTED
        assert relay.closed.acquire(timeout=10)
    assert [(kept.content, kept.connection) for kept in relay.kept] == [(a_mail(2).content, 2)]


def test_a_refusal_after_a_cancelled_send_is_not_taken_for_an_acceptance() -> None:
    """Replies that shift by one would let the late 250 of the first mail answer the second's RCPT."""

    async def scenario() -> Outcome:
        async with SmtpTransport(settings_for(relay)) as lane:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(lane.send(a_mail(1)), LATE)
            return await lane.send(a_mail(2))

    with ScriptedRelay({"DOT": [HANG], "RCPT": ["250 ok", "550 5.1.1 no such user"]}) as relay:
        assert asyncio.run(scenario()).state is DeliveryState.REJECTED


def test_a_relay_that_does_not_answer_quit_keeps_nobody() -> None:
    with ScriptedRelay({"QUIT": [HANG]}) as relay:
        settings = settings_for(relay, timeouts=replace(PATIENT, goodbye=LATE))
        (outcome,) = send(settings, a_mail())
        assert relay.closed.acquire(timeout=10)
    assert outcome.state is DeliveryState.ACCEPTED


def test_the_patience_is_what_rfc_5321_asks_for() -> None:
    assert (PATIENT.greeting, PATIENT.command, PATIENT.data) == (300, 300, 120)
    assert (PATIENT.block, PATIENT.dot) == (180, 600)
