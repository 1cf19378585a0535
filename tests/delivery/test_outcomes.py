"""What a relay's reply means for the delivery, for its recipient, and for the relay."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.delivery.outcomes import (
    REPLY_LIMIT,
    Outcome,
    Phase,
    RelayCondition,
    one_line,
    outcome_of_reply,
    outcome_without_reply,
)
from notifier.delivery.smtp.replies import LONGEST_REPLY
from notifier.models import DeliveryState
from notifier.text.refusals import without_variable_parts

BEFORE_RCPT = [Phase.CONNECT, Phase.TLS, Phase.AUTH, Phase.MAIL]
FROM_RCPT_ON = [Phase.RCPT, Phase.DATA, Phase.CONTENT, Phase.DOT]
AFTER_RCPT = [Phase.DATA, Phase.CONTENT, Phase.DOT]


def verdict(phase: Phase, reply: str) -> tuple[DeliveryState, RelayCondition]:
    code, _, text = reply.partition(" ")
    outcome = outcome_of_reply(phase, int(code), text)
    return outcome.state, outcome.relay


@pytest.mark.parametrize("reply", ["250 2.0.0 queued", "250 ok", "252 maybe", "200 fine"])
def test_any_2xx_reply_to_the_final_dot_accepts_the_mail(reply: str) -> None:
    assert verdict(Phase.DOT, reply) == (DeliveryState.ACCEPTED, RelayCondition.WORKING)


@pytest.mark.parametrize("phase", Phase)
def test_421_means_a_busy_relay_at_every_phase_and_does_not_count_as_an_attempt(phase: Phase) -> None:
    outcome = outcome_of_reply(phase, 421, "4.3.2 shutting down")
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.BUSY)
    assert outcome.is_relay_fault
    assert not outcome.counts_as_attempt


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", ["450 4.2.1 busy", "451 4.7.1 greylisted", "452 4.2.2 full", "432 later", "499 odd"])
def test_4xx_from_rcpt_on_defers_that_mail_alone(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.WORKING)


@pytest.mark.parametrize("phase", BEFORE_RCPT)
@pytest.mark.parametrize("reply", ["450 4.3.2 not now", "451 4.3.0 disk", "454 4.7.0 no TLS at the moment"])
def test_4xx_before_rcpt_means_that_the_relay_is_down(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.DOWN)


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.AUTH, Phase.MAIL])
@pytest.mark.parametrize("reply", ["550 go away", "553 5.1.8 bad sender", "554 no service", "550 5.1.1 x", "571 no"])
def test_5xx_before_rcpt_means_that_the_relay_refuses_us_and_blames_no_recipient(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.REFUSING)
    assert not outcome_of_reply(phase, 550, "go away").counts_as_attempt


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.TLS])
@pytest.mark.parametrize("reply", ["530 5.7.0 log in first", "535 5.7.8 wrong password", "534 5.7.9", "538 5.7.11"])
def test_a_reply_that_asks_for_a_login_means_that_the_relay_refuses_us_at_every_phase(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.REFUSING)


@pytest.mark.parametrize("reply", ["454 4.7.0 later", "501 5.5.2 syntax", "502 no TLS here", "554 5.7.3 no"])
def test_a_refusal_of_tls_defers_the_mail(reply: str) -> None:
    assert verdict(Phase.TLS, reply) == (DeliveryState.DEFERRED, RelayCondition.DOWN)


# What mail servers say about a recipient who does not exist or gets no mail.
UNKNOWN_RECIPIENT = [
    *[
        "550 5.1.1 unknown",
        "553 5.1.3 syntax",
        "501 5.1.3 syntax",
        "511 5.1.1 unknown",
        "550 5.1.6 moved",
        "550 5.1.2 no",
    ],
    *["554 5.1.10 null MX", "556 5.1.10 takes no mail", "550 5.2.1 disabled", "550 5.01.001 x", "550 \n5.1.1 unknown"],
    "550 5.4.1 Recipient address rejected: Access denied. [AM1EUR.eop-eur05.prod.protection.outlook.com]",
    "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in relay recipient table",
    "550 5.1.1 The email account that you tried to reach does not exist. Please try\n5.1.1 checking the address.",
    "550 <sender@relay.blocked.example>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 5.1.1 <a@b.example>: Recipient address rejected: undeliverable address: host mx.b.example[192.0.2.1] said: "
    "550 5.1.1 <a@b.example>: User unknown (in reply to RCPT TO command)",
    "550 5.0.0 <a@b.example>... User unknown",
    *["550 no such user", "550 No such user here", "550 No such recipient", "550 user unknown", "550 Unknown user"],
    *["550 Mailbox not found", "550 mailbox does not exist", "550 User doesn't exist: a@b"],
    *[
        "553 sorry, no mailbox here by that name. (#5.1.1)",
        "550 sorry, no mailbox here by that name",
        "550 unknown account",
    ],
    "550 Recipient rejected: this address is unknown",
    "554 delivery error: dd This user doesn't have a yahoo.com account (a@b.example) [0]",
    "550 4.1.1 user unknown",
]

# What relays and mail servers say to everybody if they refuse the sender, or if they are set up wrongly.
MISTRUST = [
    *["550 relay not permitted", "550 5.1.0 <papers@x.example>: Sender address rejected: User unknown in local table"],
    *[
        "550 Sender verify failed",
        "550 Verification failed for <papers@x.example>\nUnrouteable address\nSender verify failed",
    ],
    "550 Callout verification failed:\n550 5.1.1 <papers@x.example>: User unknown\nSender verify failed",
    *["553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "550 Blocked: 192.0.2.1 is listed"],
    *["550 SPF check failed", "550 5.5.1 Invalid HELO", "550 5.3.2 System not accepting network messages"],
    *["550 Greylisted", "550 Too many messages", "550 Delivery is not allowed to this address."],
    *["550 your message was refused\n5.7.1 see our policy", "550 user unknown\n5.7.1 see our policy"],
    # RFC 5321 gives this text to 550 as such, also when the command is rejected for policy reasons.
    *["550 5.5.0 Requested action not taken: mailbox unavailable", "550 mailbox unavailable"],
    # The reply that a relay quotes blames us, after the code that the relay gives it.
    "550 5.1.1 <a@b.example>: Recipient address rejected: undeliverable address: host mx.b.example[192.0.2.1] said: "
    "550 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using Spamhaus (in reply to RCPT TO command)",
    *["550 5.1.1 <a@b.example>: host mx said: 554 5.7.1 refused", "550 5.1.1 unknown (4.7.0 in reply to RCPT)"],
    *["550 Unknown user: please log in first", "550 SMTP account unavailable", "550 Your account does not exist"],
    *["550 SMTP account does not exist", "550 user unknown: authentication required", "550 IP address unknown"],
    *["550 mailbox for return path does not exist", "550 No such user (originator)", "550 5.1.1 blocked by RBL"],
    *["550 5.1.1 Mail rejected by content filter", "550 5.1.1 dictionary attack detected, go away"],
    *["550 5.1.1 <a@b.example>: Recipient address rejected: unverified address", "550 5.1.1 access denied"],
    *["550 5.1.1 unknown\n5.7.1 see our policy", "550 5.7.1 user unknown", "550 4.7.1 blocked", "550 4.1.1 blocked"],
    *["550 5.4.1 Relay Access Denied", "550 5.4.1 no answer from host", "550 5.1.1 <a@b.example>: Relay access denied"],
    "550 5.1.1 <papers@x.example>: Sender address rejected: User unknown",
    "550 Requested action not taken: mailbox unavailable. Reject due to policy restrictions",
    "550 mailbox unavailable: your IP is on a blocklist",
    "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages",
    *["550 Unrouteable address", "550 Mailing to remote domains not supported", "550 administrative prohibition"],
    *["550", "550 no", "551 moved", "553 bad name", "556 takes no mail", "501 syntax error in address"],
    # Codes of the recipient, with texts that mean a limit, the message, or trouble at the server.
    *["550 5.2.1 a has exceeded the number of messages it may receive", "550 5.2.1 mailbox is over its allowance"],
    *[
        "550 5.1.1 Message rejected: content",
        "550 5.2.1 System shutting down",
        "550 5.1.1 Mailbox out of storage space",
    ],
    *["550 5.1.1 Service unavailable", "550 5.1.1 Congestion, come back later", "550 5.1.1 internal error"],
    *["550 5.2.1 Mailbox disabled for maintenance", "550 5.1.1 LDAP lookup failure", "550 5.2.1 mailbox is locked"],
    *["550 5.1.10 server configuration problem", "550 5.1.1 unknown user (lookup failed, database unavailable)"],
    *["550 User unknown: could not connect to LDAP", "550 5.1.1 mailbox server is overloaded"],
    *["550 5.6.1 media not supported", "550 no-such-user.example.org says no", "550 <no such user@b.example> refused"],
]


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", UNKNOWN_RECIPIENT)
def test_a_reply_that_clearly_names_an_unknown_recipient_rejects_the_recipient(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.REJECTED, RelayCondition.WORKING)


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", MISTRUST)
def test_every_other_5xx_from_rcpt_on_defers_that_mail_and_blames_no_recipient(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.POLICY)


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
@pytest.mark.parametrize(
    "reply",
    [
        "5.1.1 No such user papers@x.example",
        "<Papers@X.example>: user unknown",
        "5.1.2 Domain of papers@x.example does not exist",
        "5.1.1 <a@b.example> User unknown\n5.1.1 while checking <papers@x.example>",
    ],
)
def test_a_reply_that_names_the_sender_suppresses_nobody(phase: Phase, reply: str) -> None:
    outcome = outcome_of_reply(phase, 550, reply, "papers@x.example")
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.POLICY)
    assert outcome_of_reply(phase, 550, reply, "other@y.example").state is DeliveryState.REJECTED


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("554 5.7.1 <a@b.example>: Relay access denied", "554 5.7.1 <c@d.example>: Relay access denied", True),
        ("550 a@b.example: relay not permitted [1f3a]", "550 c@d.example: relay not permitted [77c0]", True),
        ("550 relay not permitted", "550 Greylisted", False),
        ("550 5.7.1 no", "550 5.7.26 no", False),
        ("550 5.7.1 Mailbox is for members", "550 5.7.1 Closed on Mondays", False),
        ("550 5.7.1 Mon, 06 Jul 2026 08:00 no, a", "550 5.7.1 Tue, 07 Aug 2026 21:59 no, c", True),
        ("550 user a: refused by mx1.b.example", "550 user c: refused by mx2.d.example", True),
        (f"550 5.7.1 <a@{'b' * 60}.example> {'no mail ' * 40}", f"550 5.7.1 <c@d.example> {'no mail ' * 40}", True),
    ],
)
def test_two_refusals_are_the_same_answer_if_they_differ_only_in_addresses_ids_and_times(
    one: str, other: str, *, is_same: bool
) -> None:
    assert (
        without_variable_parts(one_line(one), "a@b.example") == without_variable_parts(one_line(other), "c@d.example")
    ) is is_same


@pytest.mark.parametrize("phase", AFTER_RCPT)
@pytest.mark.parametrize("reply", ["550 5.1.1 unknown", "554 5.1.1 unknown", "550 5.2.1 disabled"])
def test_a_refusal_after_rcpt_rejects_the_recipient_if_the_enhanced_code_says_so(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.REJECTED, RelayCondition.WORKING)


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", ["550 5.7.1 blocked", "554 5.7.1 relay access denied", "550 5.7.26 no DMARC"])
def test_5_7_x_defers_that_mail_and_blames_no_recipient(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.POLICY)
    assert not outcome_of_reply(phase, 550, "5.7.1 blocked").is_relay_fault


@pytest.mark.parametrize("phase", AFTER_RCPT)
@pytest.mark.parametrize("reply", ["550 looks like spam", "554 transaction failed", "571 delivery not authorized"])
def test_a_refusal_after_rcpt_without_an_enhanced_code_counts_as_policy(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.POLICY)


@pytest.mark.parametrize("reply", ["554 relay access denied", "503 5.5.1 MAIL first", "502 what", "555 5.5.4 option"])
def test_a_5xx_at_rcpt_that_is_not_about_the_recipient_suppresses_nobody(reply: str) -> None:
    assert verdict(Phase.RCPT, reply) == (DeliveryState.DEFERRED, RelayCondition.POLICY)


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", ["553 5.1.7 bad sender syntax", "550 5.1.8 sender domain not found"])
def test_a_sender_address_refused_at_or_after_rcpt_means_that_the_relay_refuses_us(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.DEFERRED, RelayCondition.REFUSING)


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
def test_a_full_mailbox_defers_although_its_code_is_permanent(phase: Phase) -> None:
    assert verdict(phase, "552 5.2.2 over quota") == (DeliveryState.DEFERRED, RelayCondition.WORKING)


def test_552_at_rcpt_is_about_storage_and_defers() -> None:
    assert verdict(Phase.RCPT, "552 too much") == (DeliveryState.DEFERRED, RelayCondition.WORKING)


@pytest.mark.parametrize("phase", [Phase.MAIL, *FROM_RCPT_ON])
@pytest.mark.parametrize("reply", ["552 5.3.4 too big", "552 5.2.3 too big for this mailbox", "554 5.3.4 too big"])
def test_a_mail_that_is_too_large_fails_alone(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.FAILED, RelayCondition.WORKING)


@pytest.mark.parametrize("phase", [Phase.MAIL, *AFTER_RCPT])
def test_552_about_the_message_without_an_enhanced_code_means_that_it_is_too_large(phase: Phase) -> None:
    assert verdict(phase, "552 message size exceeds fixed limit") == (DeliveryState.FAILED, RelayCondition.WORKING)


@pytest.mark.parametrize("phase", FROM_RCPT_ON)
@pytest.mark.parametrize("reply", ["554 message too large", "550 Message size exceeds the limit", "552 mail too big"])
def test_a_mail_is_too_large_if_the_text_says_so_and_there_is_no_enhanced_code(phase: Phase, reply: str) -> None:
    assert verdict(phase, reply) == (DeliveryState.FAILED, RelayCondition.WORKING)


# What mail servers say about a mail that is too large: Exchange, Postfix, Exim, Gmail, qmail, Cisco and others.
TOO_LARGE = [
    *["552 5.3.4", "554 5.2.3", "523", "523 5.2.3", "523 the message size exceeds the recipient's limit"],
    *[
        "554 5.6.0 message body too big",
        "554 Message size exceeds fixed limit",
        "550 #5.3.4 message size exceeds limit",
    ],
    "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient",
    "550 5.7.1 RESOLVER.RST.SendSizeLimit.Sender; message too large for this sender",
    "552 5.3.4 Message size exceeds fixed maximum message size",
    "552 5.3.4 Error: message file too big",
    "552 Message size exceeds maximum permitted",
    "550 Message size exceeds the limit for this recipient",
    "552 5.2.3 Your message exceeded Google's message size limits. To view our\n"
    "5.2.3 message size guidelines, go to https://support.example/mail",
    "552 sorry, that message size exceeds my databytes limit (#5.3.4)",
    *["554 5.7.1 Message too large", "554 5.3.0 message is larger than 100 kB", "554 Mail body exceeds the limit"],
    *["550 Maximum size is 100000 bytes", "554 5.0.0 Oversized message", "550 5.7.1 attachment too big"],
    *["554 message rejected: larger than the permitted 50000 bytes", "554 the size of your mail is over the limit"],
    "550 5.1.1 <a@b.example>: message too large for this mailbox",
]

# Refusals that name a size, a length or a limit of something else than the mail.
NOT_TOO_LARGE = [
    *["550 message rate limit exceeded", "554 5.5.2 header too large", "500 5.5.2 Command line too long"],
    *["550 maximum allowed line length is 998 octets", "552 5.7.0 This content presents a potential security issue"],
    *["552 5.7.0 Number of 'Received:' headers exceeds maximum permitted", "554 5.7.0 too many messages per hour"],
    *["552 5.2.2 mailbox size limit exceeded", "550 Mailbox size limit exceeded", "550 5.7.1 over quota (size 10 MB)"],
    *["523 5.7.10 Encryption needed", "550 5.1.3 local part is longer than 64 octets", "550 relay not permitted"],
]


@pytest.mark.parametrize("phase", [Phase.MAIL, *FROM_RCPT_ON])
@pytest.mark.parametrize("reply", TOO_LARGE)
def test_a_mail_is_too_large_in_whatever_words_a_server_says_so(phase: Phase, reply: str) -> None:
    code, _, text = reply.partition(" ")
    outcome = outcome_of_reply(phase, int(code), text)
    assert (outcome.state, outcome.is_too_large) == (DeliveryState.FAILED, True)


@pytest.mark.parametrize("phase", [Phase.MAIL, *FROM_RCPT_ON])
@pytest.mark.parametrize("reply", NOT_TOO_LARGE)
def test_a_limit_of_something_else_does_not_mean_that_the_mail_is_too_large(phase: Phase, reply: str) -> None:
    code, _, text = reply.partition(" ")
    assert not outcome_of_reply(phase, int(code), text).is_too_large


@pytest.mark.parametrize(
    "reply", ["550 4.1.1 odd class", "550 no 5.1.1 in front", "550 5.1 short", "550 5.1.1234 long", "550 5.1.1.1 x"]
)
def test_an_enhanced_code_counts_only_if_it_is_complete_leads_the_line_and_has_class_5(reply: str) -> None:
    assert verdict(Phase.RCPT, reply) == (DeliveryState.DEFERRED, RelayCondition.POLICY)


@pytest.mark.parametrize("word", ["5.1.1 ", "user ", "<", "recipient rejected: ", "a@", "a.", "exceeds ", "no such "])
def test_a_hostile_reply_of_the_greatest_length_has_an_outcome_within_a_second(word: str) -> None:
    started = time.monotonic()
    outcome_of_reply(Phase.RCPT, 550, word * (LONGEST_REPLY // len(word)))
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.TLS, Phase.AUTH, Phase.MAIL])
def test_a_relay_lost_before_rcpt_is_down(phase: Phase) -> None:
    outcome = outcome_without_reply(phase, "Connection lost")
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.DOWN)


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA, Phase.CONTENT])
def test_a_relay_lost_after_rcpt_and_before_the_dot_defers_that_mail(phase: Phase) -> None:
    assert outcome_without_reply(phase, "Connection lost") == Outcome(
        DeliveryState.DEFERRED, f"{phase.name}: Connection lost"
    )


def test_a_relay_lost_at_the_dot_makes_the_outcome_uncertain() -> None:
    assert outcome_without_reply(Phase.DOT, "Connection lost").state is DeliveryState.UNCERTAIN


@pytest.mark.parametrize("code", [-1, 0, 99, 354, 600, 999])
def test_a_reply_to_the_final_dot_that_is_not_smtp_makes_the_outcome_uncertain(code: int) -> None:
    assert outcome_of_reply(Phase.DOT, code, "?").state is DeliveryState.UNCERTAIN


@given(st.sampled_from(Phase), st.integers(-1, 1000), st.text() | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3} .*"))
@settings(deadline=None)
def test_every_reply_has_an_outcome_that_fits_its_phase_and_code(phase: Phase, code: int, text: str) -> None:
    outcome = outcome_of_reply(phase, code, text)
    if outcome.state is DeliveryState.REJECTED:
        assert phase >= Phase.RCPT
        assert 500 <= code < 600
        assert not text.startswith("5.7.")
    if outcome.state is DeliveryState.ACCEPTED:
        assert phase is Phase.DOT
        assert 200 <= code < 300
    if outcome.state is DeliveryState.UNCERTAIN:
        assert phase is Phase.DOT
    if outcome.is_relay_fault:
        assert outcome.state is DeliveryState.DEFERRED


@given(st.text(st.characters(), max_size=2 * REPLY_LIMIT))
@settings(deadline=None)
def test_a_reply_becomes_one_harmless_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= REPLY_LIMIT
    assert all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in line)
    line.encode()


def test_the_text_of_a_reply_is_kept() -> None:
    assert outcome_of_reply(Phase.RCPT, 550, "5.1.1 <x@example.org>:\n5.1.1 no such\tuser").reply == (
        "550 5.1.1 <x@example.org>: 5.1.1 no such user"
    )


def test_a_long_reply_shows_that_it_was_cut() -> None:
    assert one_line("word " * 100).endswith("…")
