"""Replies of all kinds to one transport: the outcomes of its mails, and what the relay receives."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.scripted_relay import DROP, HANG, USUAL, Pieces, ScriptedRelay
from support.smtp import a_mail, send, settings_for

from notifier.delivery.outcomes import RelayCondition
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import Timeouts
from notifier.models import DeliveryState

pytestmark = pytest.mark.usefixtures("offers_pipelining")

ENVELOPE = ["MAIL", "RCPT", "DATA"]


def test_the_relay_receives_an_accepted_mail_with_its_envelope() -> None:
    with ScriptedRelay() as relay:
        (outcome,) = send(settings_for(relay), a_mail())
    assert (outcome.state, outcome.reply) == (DeliveryState.ACCEPTED, "250 2.0.0 kept")
    assert [(kept.sender, kept.recipient) for kept in relay.kept] == [("bounces@example.org", "subscriber@example.org")]
    assert relay.verbs() == ["EHLO", *ENVELOPE, "QUIT"]


def test_a_thousand_mails_go_over_one_connection() -> None:
    with ScriptedRelay() as relay:
        outcomes = send(settings_for(relay), *(a_mail(number) for number in range(1000)))
    assert {outcome.state for outcome in outcomes} == {DeliveryState.ACCEPTED}
    assert [kept.content for kept in relay.kept] == [a_mail(number).content for number in range(1000)]
    assert relay.connections == 1


@pytest.mark.parametrize(
    ("step", "reply", "state", "condition"),
    [
        ("GREETING", "421 4.3.2 too busy", DeliveryState.DEFERRED, RelayCondition.BUSY),
        ("GREETING", "554 no service for you", DeliveryState.DEFERRED, RelayCondition.REFUSING),
        ("GREETING", "450 not now", DeliveryState.DEFERRED, RelayCondition.DOWN),
        ("EHLO", "421 4.3.2 too busy", DeliveryState.DEFERRED, RelayCondition.BUSY),
        ("EHLO", "550 5.7.1 your name?", DeliveryState.DEFERRED, RelayCondition.REFUSING),
        ("MAIL", "421 4.7.0 too much", DeliveryState.DEFERRED, RelayCondition.BUSY),
        ("MAIL", "451 4.3.0 no disk", DeliveryState.DEFERRED, RelayCondition.DOWN),
        ("MAIL", "550 5.7.1 not you", DeliveryState.DEFERRED, RelayCondition.REFUSING),
        ("MAIL", "530 5.7.0 log in first", DeliveryState.DEFERRED, RelayCondition.REFUSING),
        ("MAIL", "552 5.3.4 too big", DeliveryState.FAILED, RelayCondition.WORKING),
        ("RCPT", "421 4.7.0 too much", DeliveryState.DEFERRED, RelayCondition.BUSY),
        ("RCPT", "450 4.2.1 greylisted", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("RCPT", "451 4.4.3 no DNS", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("RCPT", "452 4.2.2 full", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("RCPT", "552 5.2.2 full", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("RCPT", "550 5.1.1 no such user", DeliveryState.REJECTED, RelayCondition.WORKING),
        ("RCPT", "553 5.1.3 bad name", DeliveryState.REJECTED, RelayCondition.WORKING),
        ("RCPT", "550 5.7.1 policy", DeliveryState.DEFERRED, RelayCondition.POLICY),
        ("RCPT", "530 5.7.0 log in first", DeliveryState.DEFERRED, RelayCondition.REFUSING),
        ("DATA", "421 4.3.2 going down", DeliveryState.DEFERRED, RelayCondition.BUSY),
        ("DATA", "451 4.3.0 later", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("DATA", "554 5.7.1 policy", DeliveryState.DEFERRED, RelayCondition.POLICY),
        ("DATA", "250 that was not the question", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("DOT", "421 4.3.2 going down", DeliveryState.DEFERRED, RelayCondition.BUSY),
        ("DOT", "451 4.7.1 greylisted", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("DOT", "552 5.2.2 full", DeliveryState.DEFERRED, RelayCondition.WORKING),
        ("DOT", "552 5.3.4 too big", DeliveryState.FAILED, RelayCondition.WORKING),
        ("DOT", "550 5.1.1 no such user", DeliveryState.REJECTED, RelayCondition.WORKING),
        ("DOT", "554 5.7.1 spam", DeliveryState.DEFERRED, RelayCondition.POLICY),
    ],
)
def test_a_refusal_has_the_outcome_of_its_step_and_code_and_the_next_mail_is_accepted(
    step: str, reply: str, state: DeliveryState, condition: RelayCondition
) -> None:
    with ScriptedRelay({step: [reply]}) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, refused.relay) == (state, condition)
    assert refused.reply == reply
    assert accepted.state is DeliveryState.ACCEPTED
    assert [kept.content for kept in relay.kept] == [a_mail(2).content]


def test_after_a_refused_recipient_the_envelope_is_reset_on_the_same_connection(offers_pipelining: bool) -> None:
    with ScriptedRelay({"RCPT": ["550 5.1.1 no such user"]}) as relay:
        send(settings_for(relay), a_mail(1, recipient="gone@example.org"), a_mail(2))
    refused = ENVELOPE if offers_pipelining else ["MAIL", "RCPT"]
    assert relay.verbs() == ["EHLO", *refused, "RSET", *ENVELOPE, "QUIT"]
    assert [kept.recipient for kept in relay.kept] == ["subscriber@example.org"]


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
def test_421_closes_the_connection_even_if_the_relay_keeps_it_open(step: str) -> None:
    with ScriptedRelay({step: ["421 4.3.2 later"]}) as relay:
        send(settings_for(relay), a_mail(1))
        assert relay.closed.acquire(timeout=10)
    assert relay.verbs(connection=1)[-1:] != ["QUIT"]


def test_if_the_relay_refuses_rset_a_new_connection_is_opened_and_the_next_mail_accepted() -> None:
    with ScriptedRelay({"RCPT": ["550 5.1.1 no such user"], "RSET": ["500 5.5.1 what?"]}) as relay:
        _, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert accepted.state is DeliveryState.ACCEPTED
    assert relay.verbs(connection=2) == ["EHLO", *ENVELOPE, "QUIT"]


@pytest.mark.parametrize("goodbye", [DROP, ("421 4.4.2 idle for too long", DROP)])
def test_a_connection_that_the_relay_closed_while_idle_is_replaced_and_no_mail_is_deferred(goodbye: object) -> None:
    actions = goodbye if isinstance(goodbye, tuple) else (goodbye,)
    with ScriptedRelay({"DOT": [("250 ok", *actions)]}) as relay:
        outcomes = asyncio.run(_send_with_a_blocking_pause(relay))
    assert outcomes == [DeliveryState.ACCEPTED] * 2
    assert (relay.connections, len(relay.kept)) == (2, 2)


async def _send_with_a_blocking_pause(relay: ScriptedRelay) -> list[DeliveryState]:
    """Send two mails; the pause between them blocks the event loop, which cannot notice the closed connection."""
    async with SmtpTransport(settings_for(relay)) as transport:
        first = await transport.send(a_mail(1))
        relay.closed.acquire(timeout=10)
        time.sleep(0.05)
        second = await transport.send(a_mail(2))
    return [first.state, second.state]


def test_a_connection_with_too_many_mails_for_the_relay_is_replaced_and_no_mail_is_deferred() -> None:
    with ScriptedRelay({"MAIL": ["250 ok", "421 4.7.0 too many mails on one connection"]}) as relay:
        outcomes = send(settings_for(relay), a_mail(1), a_mail(2))
    assert [outcome.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert relay.connections == 2


def test_a_reply_of_several_lines_that_arrives_in_pieces_is_one_reply() -> None:
    pieces = Pieces(("2", "50-2.0.0 well", " received\r", "\n25", "0 2.0.0 and kept\r\n"))
    with ScriptedRelay({"DOT": [pieces], "RCPT": [Pieces(("550-5.1.1 no\r\n", "550 5.1.1 user\r\n"))]}) as relay:
        rejected, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (rejected.state, rejected.reply) == (DeliveryState.REJECTED, "550 5.1.1 no 5.1.1 user")
    assert (accepted.state, accepted.reply) == (DeliveryState.ACCEPTED, "250 2.0.0 well received 2.0.0 and kept")


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_reply_that_is_not_smtp_closes_the_connection_and_defers_the_mail(step: str) -> None:
    with ScriptedRelay({step: ["HTTP/1.1 400 Bad Request"]}) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, accepted.state) == (DeliveryState.DEFERRED, DeliveryState.ACCEPTED)
    assert relay.connections == 2


def test_a_reply_to_the_final_dot_that_is_not_smtp_makes_the_outcome_uncertain() -> None:
    with ScriptedRelay({"DOT": ["kept, I believe"]}) as relay:
        (outcome,) = send(settings_for(relay), a_mail(1))
    assert outcome.state is DeliveryState.UNCERTAIN


def test_a_refusal_in_the_middle_of_a_message_is_the_reply_to_that_message() -> None:
    large = a_mail(1, content=b"Subject: large\r\n\r\n" + (b"y" * 70 + b"\r\n") * 400_000)
    with ScriptedRelay({"CONTENT": [("552 5.3.4 too big", HANG)]}) as relay:
        settings = settings_for(relay, timeouts=Timeouts(block=0.2))
        refused, accepted = send(settings, large, a_mail(2))
    assert (refused.state, refused.reply) == (DeliveryState.FAILED, "552 5.3.4 too big")
    assert accepted.state is DeliveryState.ACCEPTED
    assert relay.connections == 2


def test_control_characters_are_removed_from_a_reply() -> None:
    with ScriptedRelay({"RCPT": ["550 5.1.1 \x1b[31mno\x07 \u202euser\x00"]}) as relay:
        (outcome,) = send(settings_for(relay), a_mail(1))
    assert outcome.reply == "550 5.1.1 [31mno user"


@pytest.mark.parametrize("recipient", ["a@b> SIZE=1", "a b@example.org", "a@example.org\r\nDATA", "<a@example.org>"])
def test_an_address_that_would_break_the_command_fails_and_is_never_sent(recipient: str) -> None:
    with ScriptedRelay() as relay:
        failed, accepted = send(settings_for(relay), a_mail(1, recipient=recipient), a_mail(2))
    assert (failed.state, accepted.state) == (DeliveryState.FAILED, DeliveryState.ACCEPTED)
    assert relay.verbs().count("MAIL") == 1


def test_only_an_address_beyond_ascii_asks_for_smtputf8() -> None:
    with ScriptedRelay() as relay:
        send(settings_for(relay), a_mail(1, recipient="jürgen@example.org"), a_mail(2))
    first, second = (line for line in relay.lines() if line.startswith("MAIL"))
    assert "SMTPUTF8" in first
    assert "SMTPUTF8" not in second
    assert relay.kept[0].recipient == "jürgen@example.org"


def test_an_address_beyond_ascii_fails_alone_if_the_relay_does_not_support_it() -> None:
    with ScriptedRelay(extensions=("8BITMIME",)) as relay:
        failed, accepted = send(settings_for(relay), a_mail(1, recipient="jürgen@example.org"), a_mail(2))
    assert (failed.state, accepted.state) == (DeliveryState.FAILED, DeliveryState.ACCEPTED)
    assert "use a relay that does, or ask the subscriber for another address" in failed.reply
    assert not failed.is_relay_fault
    assert not failed.is_too_large
    assert relay.connections == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["553 5.6.7 no SMTPUTF8 behind me", "550 5.6.9 the header cannot be converted"])
def test_a_refusal_of_letters_beyond_ascii_fails_one_mail_and_pauses_nothing(verb: str, reply: str) -> None:
    with ScriptedRelay({verb: [reply, USUAL[verb]]}) as relay:
        failed, accepted = send(settings_for(relay), a_mail(1, recipient="jürgen@example.org"), a_mail(2))
    assert (failed.state, failed.reply, failed.is_too_large) == (DeliveryState.FAILED, reply, False)
    assert not failed.is_relay_fault
    assert accepted.state is DeliveryState.ACCEPTED


def test_the_size_of_a_message_is_announced_with_the_mail_command() -> None:
    with ScriptedRelay() as relay:
        send(settings_for(relay), a_mail(1))
    assert f"MAIL FROM:<bounces@example.org> SIZE={len(a_mail(1).content)}" in relay.lines()


def test_a_mail_that_is_withdrawn_while_the_connection_is_opened_is_not_sent() -> None:
    async def still_wanted() -> bool:
        return not relay.connections

    async def scenario() -> list[DeliveryState]:
        async with SmtpTransport(settings_for(relay)) as transport:
            return [(await transport.send(a_mail(1), still_wanted)).state, (await transport.send(a_mail(2))).state]

    with ScriptedRelay() as relay:
        assert asyncio.run(scenario()) == [DeliveryState.CANCELLED, DeliveryState.ACCEPTED]
    assert relay.verbs() == ["EHLO", *ENVELOPE, "QUIT"]
