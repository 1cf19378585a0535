"""A relay that closes the connection or stops replying: mail is DEFERRED, or UNCERTAIN if the relay may have it."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from support.scripted_relay import DROP, HANG, HOST, RESET, Action, ScriptedRelay
from support.smtp import a_mail, send, settings_for

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, Timeouts
from notifier.models import DeliveryState

pytestmark = pytest.mark.usefixtures("offers_pipelining")

SHORT = 0.2  # seconds: the timeout in these tests
DEFAULTS = Timeouts()
STEPS = [
    ("GREETING", DeliveryState.DEFERRED, RelayCondition.DOWN, replace(DEFAULTS, greeting=SHORT)),
    ("EHLO", DeliveryState.DEFERRED, RelayCondition.DOWN, replace(DEFAULTS, greeting=SHORT)),
    ("MAIL", DeliveryState.DEFERRED, RelayCondition.DOWN, replace(DEFAULTS, command=SHORT)),
    ("RCPT", DeliveryState.DEFERRED, RelayCondition.WORKING, replace(DEFAULTS, command=SHORT)),
    ("DATA", DeliveryState.DEFERRED, RelayCondition.WORKING, replace(DEFAULTS, data=SHORT)),
    ("DOT", DeliveryState.UNCERTAIN, RelayCondition.WORKING, replace(DEFAULTS, dot=SHORT)),
]
LARGE = b"Subject: large\r\n\r\n" + (b"y" * 70 + b"\r\n") * 400_000


@pytest.mark.parametrize("cut", [DROP, RESET])
@pytest.mark.parametrize(("step", "state", "condition", "_"), STEPS)
def test_a_closed_connection_has_the_outcome_of_its_step_and_the_next_mail_gets_a_new_connection(
    step: str, state: DeliveryState, condition: RelayCondition, _: Timeouts, cut: Action
) -> None:
    with ScriptedRelay({step: [cut]}) as relay:
        cut_off, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (cut_off.state, cut_off.relay) == (state, condition)
    assert accepted.state is DeliveryState.ACCEPTED
    assert relay.connections == 2


@pytest.mark.parametrize(("step", "state", "condition", "timeouts"), STEPS)
def test_a_timeout_has_the_outcome_of_its_step_and_the_next_mail_gets_a_new_connection(
    step: str, state: DeliveryState, condition: RelayCondition, timeouts: Timeouts
) -> None:
    with ScriptedRelay({step: [HANG]}) as relay:
        timed_out, accepted = send(settings_for(relay, timeouts=timeouts), a_mail(1), a_mail(2))
        assert relay.closed.acquire(timeout=10)
    assert (timed_out.state, timed_out.relay) == (state, condition)
    assert "imed out" in timed_out.reply
    assert accepted.state is DeliveryState.ACCEPTED


def test_a_mail_is_accepted_if_the_connection_closes_after_the_reply_and_uncertain_if_it_closes_before() -> None:
    with ScriptedRelay({"DOT": [("250 2.0.0 kept", DROP)]}) as relay:
        (accepted,) = send(settings_for(relay), a_mail(1))
    assert accepted.state is DeliveryState.ACCEPTED
    with ScriptedRelay({"DOT": [DROP]}) as relay:
        (uncertain,) = send(settings_for(relay), a_mail(1))
    assert uncertain.state is DeliveryState.UNCERTAIN


@pytest.mark.parametrize("cut", [DROP, RESET])
def test_a_connection_closed_before_the_whole_message_was_written_defers_the_mail(cut: Action) -> None:
    with ScriptedRelay({"CONTENT": [cut]}) as relay:
        cut_off, accepted = send(settings_for(relay), a_mail(1, content=LARGE), a_mail(2))
    assert (cut_off.state, cut_off.relay) == (DeliveryState.DEFERRED, RelayCondition.WORKING)
    assert accepted.state is DeliveryState.ACCEPTED


def test_a_relay_that_stops_reading_in_the_middle_of_a_message_causes_a_timeout() -> None:
    with ScriptedRelay({"CONTENT": [HANG]}) as relay:
        settings = settings_for(relay, timeouts=replace(DEFAULTS, block=SHORT))
        timed_out, accepted = send(settings, a_mail(1, content=LARGE), a_mail(2))
    assert timed_out == Outcome(DeliveryState.DEFERRED, "CONTENT: timed out")
    assert accepted.state is DeliveryState.ACCEPTED


def test_an_idle_connection_that_no_longer_replies_is_replaced_and_no_mail_is_deferred() -> None:
    with ScriptedRelay({"MAIL": ["250 ok", HANG]}) as relay:
        settings = settings_for(relay, timeouts=replace(DEFAULTS, command=SHORT))
        outcomes = send(settings, a_mail(1), a_mail(2))
    assert [outcome.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert relay.connections == 2


def test_if_no_server_listens_the_mail_is_deferred_and_the_relay_is_down() -> None:
    with socket.create_server((HOST, 0)) as unused:
        port = unused.getsockname()[1]
    (outcome,) = send(RelaySettings(HOST, port, tls="none"), a_mail())
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.DOWN)
    assert outcome.reply.startswith(f"CONNECT: Error connecting to {HOST} on port {port}")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".test"])
def test_a_relay_whose_host_name_cannot_be_resolved_is_down(host: str) -> None:
    (outcome,) = send(RelaySettings(host, 25, tls="none"), a_mail())
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.DOWN)


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT", "DOT"])
def test_a_cancelled_send_closes_its_connection_and_the_next_send_gets_another(step: str) -> None:
    async def scenario() -> Outcome:
        async with SmtpTransport(settings_for(relay)) as transport:
            sending = asyncio.create_task(transport.send(a_mail(1)))
            await asyncio.to_thread(relay.hung.wait)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            return await transport.send(a_mail(2))

    with ScriptedRelay({step: [HANG]}) as relay:
        assert asyncio.run(scenario()).state is DeliveryState.ACCEPTED
        assert relay.closed.acquire(timeout=10)
    assert [(kept.content, kept.connection) for kept in relay.kept] == [(a_mail(2).content, 2)]


def test_a_refusal_after_a_cancelled_send_is_not_taken_for_an_acceptance() -> None:
    """Check that the second mail gets a connection of its own.

    On the first mail's connection, a late 250 for that mail would be taken for the reply to the second mail's RCPT.
    """

    async def scenario() -> Outcome:
        async with SmtpTransport(settings_for(relay)) as transport:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(transport.send(a_mail(1)), SHORT)
            return await transport.send(a_mail(2))

    with ScriptedRelay({"DOT": [HANG], "RCPT": ["250 ok", "550 5.1.1 no such user"]}) as relay:
        assert asyncio.run(scenario()).state is DeliveryState.REJECTED


def test_a_relay_that_does_not_reply_to_quit_delays_the_end_only_for_a_short_time() -> None:
    with ScriptedRelay({"QUIT": [HANG]}) as relay:
        settings = settings_for(relay, timeouts=replace(DEFAULTS, goodbye=SHORT))
        (outcome,) = send(settings, a_mail())
        assert relay.closed.acquire(timeout=10)
    assert outcome.state is DeliveryState.ACCEPTED


def test_the_default_timeouts_are_those_of_rfc_5321() -> None:
    assert (DEFAULTS.greeting, DEFAULTS.command, DEFAULTS.data) == (300, 300, 120)
    assert (DEFAULTS.block, DEFAULTS.dot) == (180, 600)
