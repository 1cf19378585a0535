"""Pipelining (RFC 2920): a mail costs one round trip, and failures neither lose mails nor mix up their outcomes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.raw_relay import Client, raw_relay
from support.scripted_relay import DROP, HANG, HOST, RESET, Action, Pieces, Rule, ScriptedRelay
from support.smtp import a_mail, send, settings_for

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.smtp.pipelining import FAILURES_IN_A_ROW, PipeliningTrust
from notifier.delivery.smtp.replies import LONGEST_REPLY, MALFORMED, Reply, ReplyParser
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, Timeouts, always_wanted
from notifier.models import DeliveryState, Mail

SHORT = 0.2  # seconds
SHORT_TIMEOUTS = replace(Timeouts(), command=SHORT, data=SHORT, dot=SHORT)
OK, GO_AHEAD = "250 2.0.0 ok", "354 go ahead"
ENVELOPE = ["MAIL", "RCPT", "DATA"]
ACCEPTED, DEFERRED, UNCERTAIN = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN


@pytest.fixture(autouse=True)
def pipelining(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every scripted relay in this module offer PIPELINING."""
    monkeypatch.setattr(ScriptedRelay, "extra_extensions", ("PIPELINING",))


def states(outcomes: list[Outcome]) -> list[DeliveryState]:
    return [outcome.state for outcome in outcomes]


def test_a_message_and_the_next_envelope_are_written_before_the_relay_replies_to_either() -> None:
    bodies = []

    def serve(client: Client) -> None:
        client.receive_until(b"DATA\r\n")
        client.send_replies(OK, OK, GO_AHEAD)
        for _ in range(2):
            bodies.append(client.receive_until(b"DATA\r\n"))
            client.send_replies(OK, OK, OK, GO_AHEAD)
        client.receive_until(b"\r\n.\r\n")
        client.send_replies(OK)

    mails = [a_mail(number) for number in (1, 2, 3)]
    with raw_relay(serve) as port:
        outcomes = send(RelaySettings(HOST, port, "none"), *mails)
    assert states(outcomes) == [ACCEPTED] * 3
    envelope = b".\r\nMAIL FROM:<bounces@example.org>\r\nRCPT TO:<subscriber@example.org>\r\nDATA\r\n"
    assert bodies == [mail.content + envelope for mail in mails[:2]]


def test_if_the_relay_refuses_the_recipient_but_asks_for_the_message_it_gets_only_the_final_dot() -> None:
    with ScriptedRelay({"RCPT": ["550 5.1.1 no such user"], "DATA": [GO_AHEAD]}) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, refused.reply) == (DeliveryState.REJECTED, "550 5.1.1 no such user")
    assert accepted.state is ACCEPTED
    assert [kept.content for kept in relay.kept] == [a_mail(2).content]
    assert relay.connections == 1


@pytest.mark.parametrize("data", ["503 5.5.1 need MAIL", "554 5.5.1 no valid recipients"])
def test_the_outcome_of_a_refused_sender_is_the_reply_to_mail_whatever_the_other_replies_are(data: str) -> None:
    script: dict[str, Rule] = {"MAIL": ["552 5.3.4 too big"], "RCPT": ["503 5.5.1 need MAIL"], "DATA": [data]}
    with ScriptedRelay(script) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, refused.reply) == (DeliveryState.FAILED, "552 5.3.4 too big")
    assert accepted.state is ACCEPTED
    assert relay.verbs() == ["EHLO", *ENVELOPE, "RSET", *ENVELOPE, "QUIT"]


def test_a_relay_that_refuses_the_sender_but_asks_for_the_message_gets_no_empty_message() -> None:
    with ScriptedRelay({"MAIL": ["552 5.3.4 too big"], "RCPT": [OK], "DATA": [GO_AHEAD]}) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, accepted.state) == (DeliveryState.FAILED, ACCEPTED)
    assert [kept.content for kept in relay.kept] == [a_mail(2).content]


@pytest.mark.parametrize("failure", [DROP, HANG])
@pytest.mark.parametrize(
    ("verb", "second"), [("MAIL", ACCEPTED), ("RCPT", DEFERRED), ("DATA", DEFERRED), ("DOT", UNCERTAIN)]
)
def test_a_failure_of_the_next_envelope_leaves_the_mail_before_it_accepted(
    verb: str, second: DeliveryState, failure: Action
) -> None:
    """If the MAIL command of the second mail gets no reply, the mail is sent over a new connection."""
    with ScriptedRelay({verb: [GO_AHEAD if verb == "DATA" else OK, failure]}) as relay:
        outcomes = send(settings_for(relay, timeouts=SHORT_TIMEOUTS), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [ACCEPTED, second, ACCEPTED]
    assert relay.connections == 2


@pytest.mark.parametrize("failure", [DROP, RESET, HANG])
def test_a_lost_reply_to_the_final_dot_makes_only_that_mail_uncertain(failure: Action) -> None:
    with ScriptedRelay({"DOT": [failure]}) as relay:
        outcomes = send(settings_for(relay, timeouts=SHORT_TIMEOUTS), a_mail(1), a_mail(2))
    assert states(outcomes) == [UNCERTAIN, ACCEPTED]
    assert [kept.content for kept in relay.kept] == [a_mail(2).content]


@pytest.mark.parametrize(
    ("verb", "usual", "second"),
    [("MAIL", OK, ACCEPTED), ("RCPT", OK, DEFERRED), ("DATA", GO_AHEAD, DEFERRED), ("DOT", OK, DEFERRED)],
)
def test_421_to_the_next_mail_leaves_the_mail_before_it_accepted(verb: str, usual: str, second: DeliveryState) -> None:
    with ScriptedRelay({verb: [usual, "421 4.3.2 going down"]}) as relay:
        outcomes = send(settings_for(relay), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [ACCEPTED, second, ACCEPTED]
    assert [outcome.relay for outcome in outcomes if outcome.state is DEFERRED] == [RelayCondition.BUSY] * (
        second is DEFERRED
    )
    assert relay.connections == 2


def test_replies_that_arrive_in_pieces_are_put_together() -> None:
    in_pieces = Pieces(("2", "50-2.0.0 a\r", "\n2", "50 2.0.0 b\r\n"))
    with ScriptedRelay({verb: [in_pieces] * 3 for verb in ("MAIL", "RCPT", "DOT")}) as relay:
        outcomes = send(settings_for(relay), *map(a_mail, (1, 2, 3)))
    assert [outcome.reply for outcome in outcomes] == ["250 2.0.0 a 2.0.0 b"] * 3
    assert relay.connections == 1


def test_the_envelope_of_a_mail_that_is_no_longer_wanted_is_not_written() -> None:
    async def not_wanted() -> bool:
        return False

    async def scenario() -> list[Outcome]:
        async with SmtpTransport(settings_for(relay)) as transport:
            first = await transport.send(a_mail(1), next_mail=lambda: (a_mail(2), not_wanted))
            return [first, await transport.send(a_mail(2), not_wanted), await transport.send(a_mail(3))]

    with ScriptedRelay() as relay:
        outcomes = asyncio.run(scenario())
    assert states(outcomes) == [ACCEPTED, DeliveryState.CANCELLED, ACCEPTED]
    assert relay.verbs() == ["EHLO", *ENVELOPE, *ENVELOPE, "QUIT"]


@pytest.mark.parametrize("then", [a_mail(3), None])
def test_an_envelope_whose_mail_is_not_sent_after_all_is_discarded(then: Mail | None) -> None:
    async def scenario() -> list[Outcome]:
        async with SmtpTransport(settings_for(relay)) as transport:
            first = await transport.send(a_mail(1), next_mail=lambda: (a_mail(2), always_wanted))
            return [first, *([await transport.send(then)] if then else [])]

    with ScriptedRelay() as relay:
        assert set(states(asyncio.run(scenario()))) == {ACCEPTED}
    assert [kept.content for kept in relay.kept] == [each.content for each in (a_mail(1), then) if each]


@pytest.mark.parametrize(
    "answer", ["nothing", "503 5.5.1 one by one, please", "554 SMTP synchronization error", "gone"]
)
def test_a_relay_that_cannot_handle_pipelining_gets_commands_one_by_one_from_then_on(answer: str) -> None:
    kept = []

    def serve(client: Client) -> None:
        while received := client.receive():
            command, _, more = received.partition(b"\r\n")
            if more and answer == "gone":
                return
            if command == b"DATA":
                client.send_replies(GO_AHEAD)
                kept.append(client.receive_until(b"\r\n.\r\n"))
            client.send_replies(OK, *([answer] * 2 if more and answer[0].isdigit() else []))

    with raw_relay(serve) as port:
        outcomes = send(RelaySettings(HOST, port, "none", timeouts=SHORT_TIMEOUTS), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [DEFERRED, ACCEPTED, ACCEPTED]
    assert kept == [a_mail(number).content + b".\r\n" for number in (2, 3)]


def test_a_relay_that_mistakes_the_next_envelope_for_message_text_gets_it_separately_from_then_on() -> None:
    kept: list[bytes] = []
    with raw_relay(lambda client: serve_confused_by_envelopes(client, kept)) as port:
        outcomes = send(RelaySettings(HOST, port, "none", timeouts=SHORT_TIMEOUTS), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [UNCERTAIN, ACCEPTED, ACCEPTED]
    assert kept == [a_mail(number).content + b".\r\n" for number in (2, 3)]


def serve_confused_by_envelopes(client: Client, kept: list[bytes]) -> None:
    """Serve a client that pipelines, but look for the end of a message only at the end of the received bytes."""
    while lines := client.receive().split(b"\r\n")[:-1]:
        client.send_replies(*(GO_AHEAD if line == b"DATA" else OK for line in lines))
        if lines[-1] == b"DATA":
            kept.append(client.receive_until(b"\r\n.\r\n"))
            client.send_replies(OK)


def test_a_relay_that_has_pipelined_successfully_loses_the_trust_only_after_several_failures_in_a_row() -> None:
    trust = PipeliningTrust()
    trust.record_success()
    for _ in range(FAILURES_IN_A_ROW - 1):
        trust.record_failure()
    assert trust.may_pipeline
    trust.record_success()
    for _ in range(FAILURES_IN_A_ROW):
        assert trust.may_pipeline
        trust.record_failure()
    assert not trust.may_pipeline


LINES = st.sampled_from(
    [b"250 ok\r\n", b"250-a\r\n250-b\r\n250 c\r\n", b"354\r\n", b"550 5.1.1 \xc3\xa9\n", b"hello\r\n"]
)


@given(st.lists(LINES), st.data())
def test_replies_are_parsed_the_same_however_their_bytes_are_split(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    parser = ReplyParser()
    assert [reply for piece in pieces for reply in parser.feed(piece)] == ReplyParser().feed(whole)
    assert len(ReplyParser().feed(whole)) == len(lines)


@pytest.mark.parametrize("endless", [b"x" * 1000, b"250-more\r\n" * 100])
def test_a_reply_without_an_end_is_malformed_and_takes_little_memory(endless: bytes) -> None:
    parser, replies = ReplyParser(), list[Reply]()
    for _ in range(2 * LONGEST_REPLY // len(endless)):
        replies += parser.feed(endless)
    assert replies[0].code == MALFORMED
