"""Commands written together (RFC 2920): one round trip a mail, and whatever goes wrong, nothing is lost or mixed up."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.raw_relay import Client, raw_relay
from support.scripted_relay import DROP, HANG, HOST, RESET, Act, Pieces, Rule, ScriptedRelay
from support.smtp import a_mail, send, settings_for

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.smtp.pipelining import STUMBLES, PipeliningTrust
from notifier.delivery.smtp.replies import LONGEST, MALFORMED, Replies, Reply
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, Timeouts
from notifier.models import DeliveryState, Mail

LATE = 0.2  # seconds: the patience of these tests
IMPATIENT = replace(Timeouts(), command=LATE, data=LATE, dot=LATE)
OK, GO_ON = "250 2.0.0 ok", "354 go on"
WHOLE_MAIL = ["MAIL", "RCPT", "DATA"]
ACCEPTED, DEFERRED, UNCERTAIN = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN


@pytest.fixture(autouse=True)
def pipelining(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scripted relay here offers it."""
    monkeypatch.setattr(ScriptedRelay, "offered_beside", ("PIPELINING",))


def states(outcomes: list[Outcome]) -> list[DeliveryState]:
    return [outcome.state for outcome in outcomes]


def test_a_message_and_the_next_envelope_come_before_the_reply_to_either() -> None:
    bodies = []

    def serve(client: Client) -> None:
        client.hear_until(b"DATA\r\n")
        client.say(OK, OK, GO_ON)
        for _ in range(2):
            bodies.append(client.hear_until(b"DATA\r\n"))
            client.say(OK, OK, OK, GO_ON)
        client.hear_until(b"\r\n.\r\n")
        client.say(OK)

    mails = [a_mail(number) for number in (1, 2, 3)]
    with raw_relay(serve) as port:
        outcomes = send(RelaySettings(HOST, port, "none"), *mails)
    assert states(outcomes) == [ACCEPTED] * 3
    envelope = b".\r\nMAIL FROM:<bounces@example.org>\r\nRCPT TO:<reader@example.org>\r\nDATA\r\n"
    assert bodies == [mail.content + envelope for mail in mails[:2]]


def test_a_message_asked_for_after_its_recipient_was_refused_is_a_dot_and_the_connection_goes_on() -> None:
    with ScriptedRelay({"RCPT": ["550 5.1.1 no such user"], "DATA": [GO_ON]}) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, refused.reply) == (DeliveryState.REJECTED, "550 5.1.1 no such user")
    assert accepted.state is ACCEPTED
    assert [kept.content for kept in relay.kept] == [a_mail(2).content]
    assert relay.connections == 1


@pytest.mark.parametrize("data", ["503 5.5.1 need MAIL", "554 5.5.1 no valid recipients"])
def test_a_refused_sender_is_told_by_the_reply_to_mail_whatever_the_others_say(data: str) -> None:
    script: dict[str, Rule] = {"MAIL": ["552 5.3.4 too big"], "RCPT": ["503 5.5.1 need MAIL"], "DATA": [data]}
    with ScriptedRelay(script) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, refused.reply) == (DeliveryState.FAILED, "552 5.3.4 too big")
    assert accepted.state is ACCEPTED
    assert relay.verbs() == ["EHLO", *WHOLE_MAIL, "RSET", *WHOLE_MAIL, "QUIT"]


def test_a_relay_that_would_take_an_empty_message_from_a_refused_sender_gets_none() -> None:
    with ScriptedRelay({"MAIL": ["552 5.3.4 too big"], "RCPT": [OK], "DATA": [GO_ON]}) as relay:
        refused, accepted = send(settings_for(relay), a_mail(1), a_mail(2))
    assert (refused.state, accepted.state) == (DeliveryState.FAILED, ACCEPTED)
    assert [kept.content for kept in relay.kept] == [a_mail(2).content]


@pytest.mark.parametrize("trouble", [DROP, HANG])
@pytest.mark.parametrize(
    ("verb", "second"), [("MAIL", ACCEPTED), ("RCPT", DEFERRED), ("DATA", DEFERRED), ("DOT", UNCERTAIN)]
)
def test_trouble_with_the_envelope_that_went_along_leaves_the_mail_before_it_accepted(
    verb: str, second: DeliveryState, trouble: Act
) -> None:
    """Nothing but the envelope of the second mail was written: where MAIL had no answer, a new connection takes it."""
    with ScriptedRelay({verb: [GO_ON if verb == "DATA" else OK, trouble]}) as relay:
        outcomes = send(settings_for(relay, timeouts=IMPATIENT), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [ACCEPTED, second, ACCEPTED]
    assert relay.connections == 2


@pytest.mark.parametrize("trouble", [DROP, RESET, HANG])
def test_a_lost_reply_to_the_dot_leaves_that_mail_alone_uncertain(trouble: Act) -> None:
    with ScriptedRelay({"DOT": [trouble]}) as relay:
        outcomes = send(settings_for(relay, timeouts=IMPATIENT), a_mail(1), a_mail(2))
    assert states(outcomes) == [UNCERTAIN, ACCEPTED]
    assert [kept.content for kept in relay.kept] == [a_mail(2).content]


@pytest.mark.parametrize(
    ("verb", "usual", "second"),
    [("MAIL", OK, ACCEPTED), ("RCPT", OK, DEFERRED), ("DATA", GO_ON, DEFERRED), ("DOT", OK, DEFERRED)],
)
def test_421_between_two_mails_is_no_matter_of_the_first(verb: str, usual: str, second: DeliveryState) -> None:
    with ScriptedRelay({verb: [usual, "421 4.3.2 going down"]}) as relay:
        outcomes = send(settings_for(relay), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [ACCEPTED, second, ACCEPTED]
    assert [outcome.relay for outcome in outcomes if outcome.state is DEFERRED] == [RelayCondition.BUSY] * (
        second is DEFERRED
    )
    assert relay.connections == 2


def test_replies_in_one_packet_or_in_many_pieces_are_the_same() -> None:
    in_pieces = Pieces(("2", "50-2.0.0 a\r", "\n2", "50 2.0.0 b\r\n"))
    with ScriptedRelay({verb: [in_pieces] * 3 for verb in ("MAIL", "RCPT", "DOT")}) as relay:
        outcomes = send(settings_for(relay), *map(a_mail, (1, 2, 3)))
    assert [outcome.reply for outcome in outcomes] == ["250 2.0.0 a 2.0.0 b"] * 3
    assert relay.connections == 1


def test_no_envelope_goes_along_for_someone_who_has_left() -> None:
    async def left() -> bool:
        return False

    async def scenario() -> list[Outcome]:
        async with SmtpTransport(settings_for(relay)) as lane:
            first = await lane.send(a_mail(1), following=lambda: (a_mail(2), left))
            return [first, await lane.send(a_mail(2), left), await lane.send(a_mail(3))]

    with ScriptedRelay() as relay:
        outcomes = asyncio.run(scenario())
    assert states(outcomes) == [ACCEPTED, DeliveryState.CANCELLED, ACCEPTED]
    assert relay.verbs() == ["EHLO", *WHOLE_MAIL, *WHOLE_MAIL, "QUIT"]


@pytest.mark.parametrize("then", [a_mail(3), None])
def test_an_envelope_whose_mail_is_not_sent_after_all_comes_to_nothing(then: Mail | None) -> None:
    async def scenario() -> list[Outcome]:
        async with SmtpTransport(settings_for(relay)) as lane:
            first = await lane.send(a_mail(1), following=lambda: (a_mail(2), _always))
            return [first, *([await lane.send(then)] if then else [])]

    async def _always() -> bool:
        return True

    with ScriptedRelay() as relay:
        assert set(states(asyncio.run(scenario()))) == {ACCEPTED}
    assert [kept.content for kept in relay.kept] == [each.content for each in (a_mail(1), then) if each]


@pytest.mark.parametrize(
    "answer", ["nothing", "503 5.5.1 one by one, please", "554 SMTP synchronization error", "gone"]
)
def test_a_relay_that_chokes_on_commands_written_together_gets_them_one_by_one_from_then_on(answer: str) -> None:
    kept = []

    def serve(client: Client) -> None:
        while heard := client.hear():
            command, _, more = heard.partition(b"\r\n")
            if more and answer == "gone":
                return
            if command == b"DATA":
                client.say(GO_ON)
                kept.append(client.hear_until(b"\r\n.\r\n"))
            client.say(OK, *([answer] * 2 if more and answer[0].isdigit() else []))

    with raw_relay(serve) as port:
        outcomes = send(RelaySettings(HOST, port, "none", timeouts=IMPATIENT), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [DEFERRED, ACCEPTED, ACCEPTED]
    assert kept == [a_mail(number).content + b".\r\n" for number in (2, 3)]


def test_a_relay_that_takes_the_next_envelope_for_part_of_the_message_gets_it_apart_from_then_on() -> None:
    kept: list[bytes] = []
    with raw_relay(lambda client: serve_one_by_one(client, kept)) as port:
        outcomes = send(RelaySettings(HOST, port, "none", timeouts=IMPATIENT), *map(a_mail, (1, 2, 3)))
    assert states(outcomes) == [UNCERTAIN, ACCEPTED, ACCEPTED]
    assert kept == [a_mail(number).content + b".\r\n" for number in (2, 3)]


def serve_one_by_one(client: Client, kept: list[bytes]) -> None:
    """Takes commands written together, but looks for the end of a message at the end of what came."""
    while lines := client.hear().split(b"\r\n")[:-1]:
        client.say(*(GO_ON if line == b"DATA" else OK for line in lines))
        if lines[-1] == b"DATA":
            kept.append(client.hear_until(b"\r\n.\r\n"))
            client.say(OK)


def test_a_relay_that_has_shown_that_it_can_may_lose_a_connection_now_and_then() -> None:
    manners = PipeliningTrust()
    manners.record_success()
    for _ in range(STUMBLES - 1):
        manners.record_failure()
    assert manners.may_pipeline
    manners.record_success()
    for _ in range(STUMBLES):
        assert manners.may_pipeline
        manners.record_failure()
    assert not manners.may_pipeline


LINES = st.sampled_from(
    [b"250 ok\r\n", b"250-a\r\n250-b\r\n250 c\r\n", b"354\r\n", b"550 5.1.1 \xc3\xa9\n", b"hello\r\n"]
)


@given(st.lists(LINES), st.data())
def test_replies_are_the_same_however_their_bytes_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    parser = Replies()
    assert [reply for piece in pieces for reply in parser.feed(piece)] == Replies().feed(whole)
    assert len(Replies().feed(whole)) == len(lines)


@pytest.mark.parametrize("endless", [b"x" * 1000, b"250-more\r\n" * 100])
def test_a_reply_without_an_end_is_none_and_takes_no_memory(endless: bytes) -> None:
    parser, found = Replies(), list[Reply]()
    for _ in range(2 * LONGEST // len(endless)):
        found += parser.feed(endless)
    assert found[0].code == MALFORMED
