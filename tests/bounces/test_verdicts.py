"""The verdict on each kind of message that comes back: from mail servers, mailbox providers, programs and people."""

from __future__ import annotations

import gzip
import time
import zlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.returned_messages import KEY, MESSAGE_ID, NAMES, PAPERS, message, return_path, token

from notifier.bounces import LARGEST_MESSAGE, Verdict, fingerprint, read
from notifier.models import ReturnedKind
from notifier.signing import Grant, LinkPurpose

EXPECTED = {
    "hard": "postfix-unknown postfix-local exim exim-local exim-old exchange gmail qmail utf8 utf8-rfc5337",
    "soft": "postfix-full postfix-expired postfix-policy forwarded-to-two",
    "delayed": "postfix-delayed exim-frozen",
    "complaint": "arf arf-by-return-path arf-without-token",
    "unsubscribe": "reply-unsubscribe reply-below reply-german reply-html reply-base64 reply-japanese "
    "reply-alternative mailto-signed mailto-unsigned mailto-by-program",
    "unclear": "reply-thanks reply-question reply-quote-only reply-quote-unmarked reply-html-thanks",
    "auto-reply": "postfix-delivered vacation-sieve vacation-outlook vacation-german challenge mailing-list",
    "other": "arf-not-spam spam",
}
KIND_OF = {name: kind for kind, names in EXPECTED.items() for name in names.split()}
SECONDS = 2.0  # the longest time for a message, on a slow machine


def verdict(content: bytes) -> Verdict:
    return read(content, KEY, (), PAPERS)


def plain(body: str, subject: str = "Re: 12 new papers", header: str = "") -> bytes:
    answered = f"In-Reply-To: {MESSAGE_ID}\r\n"
    return f"From: Ann <ann@example.net>\r\nSubject: {subject}\r\n{answered}{header}\r\n{body}".encode()


@pytest.mark.parametrize("name", NAMES)
def test_each_sample_gets_its_verdict(name: str) -> None:
    assert verdict(message(name)).kind == KIND_OF[name]


@pytest.mark.parametrize("name", [*EXPECTED["hard"].split(), *EXPECTED["soft"].split(), *EXPECTED["delayed"].split()])
def test_a_returned_mail_proves_its_delivery_by_the_return_path(name: str) -> None:
    found = verdict(message(name))
    assert found.proofs.deliveries == (7,)
    assert not found.proofs.is_forged and found.reason
    other_key = return_path(key=b"j" * 32)
    forged = verdict(message(name, other_key, ""))
    assert forged.proofs.is_empty and forged.kind == KIND_OF[name]


@pytest.mark.parametrize("name", ["postfix-unknown", "exchange", "qmail", "arf", "utf8"])
def test_without_a_return_path_the_signed_id_in_the_returned_header_proves_the_subscriber(name: str) -> None:
    found = verdict(message(name, path="papers@example.org"))
    assert found.proofs.deliveries == ()
    assert found.proofs.grants == (Grant(LinkPurpose.UNSUBSCRIBE_ALL, 17),)


@pytest.mark.parametrize("name", ["reply-thanks", "reply-unsubscribe", "reply-quote-only"])
def test_a_signed_id_in_the_quotation_of_a_reply_proves_nothing(name: str) -> None:
    assert verdict(message(name)).proofs.is_empty


def test_a_return_path_survives_other_capitals_and_is_found_where_servers_keep_the_recipient() -> None:
    content = message("postfix-unknown", "bounces@example.org", "")
    assert read(content, KEY, [return_path().upper()]).proofs.deliveries == (7,)
    assert verdict(f"Delivered-To: {return_path()}\n".encode() + content).proofs.deliveries == (7,)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "unsubscribe",
            "UNSUBSCRIBE",
            "Unsubscribe.",
            "“unsubscribe”",
            "please unsubscribe me",
            "Unsubscribe, thanks!",
        ),
        *("Hello,\r\n\r\nplease unsubscribe me from this list.", "*unsubscribe*", "un-subscribe", "opt out"),
        *("Bitte abmelden", "Désinscription", "désabonner", "desabonner", "Darme de baja, por favor", "uitschrijven"),
        *(
            "отписаться",
            "відписатися",
            "退订",
            "取消订阅",
            "配信停止",
            "구독 취소",
            "수신거부",
            "wypisz mnie",
            "afmeld mig tak",
        ),
        *("STOP", "Please stop sending me these emails", "cancel my subscription", "Dear Sir or Madam,\r\n\r\nstop"),
        *("Bitte melden Sie mich ab!", "Ik wil me uitschrijven", "unsubscribe ann@example.net"),
        *("إلغاء الاشتراك", "abonelikten çık", "leiratkozás", "annulla iscrizione", "cancelar inscrição"),
    ],
)
def test_a_first_line_with_nothing_but_the_word_is_a_request_in_any_language(line: str) -> None:
    assert verdict(plain(line)).kind is ReturnedKind.UNSUBSCRIBE


@pytest.mark.parametrize(
    "line",
    [
        *("How do I unsubscribe?", "Do not unsubscribe me", "I did not unsubscribe", "unsubscribe?"),
        *("Why did you unsubscribe Bob", "My boss says unsubscribe is a nice word", "Wie kann ich mich abmelden?"),
        "A paper about unsubscribing: unsubscribe buttons considered harmful",
        "No quiero darme de baja",
        "unsubscribe bob@example.net",
    ],
)
def test_a_line_that_says_more_is_shown_to_the_operator(line: str) -> None:
    found = verdict(plain(line))
    assert (found.kind, found.names_unsubscribing) == (ReturnedKind.UNCLEAR, True)


@pytest.mark.parametrize(
    "quoted",
    [
        "> unsubscribe",
        "> > unsubscribe",
        "On Mon, 6 Jul 2026, Daily Papers <papers@example.org> wrote:\r\nunsubscribe",
        "Am 06.07.2026 schrieb Daily Papers:\r\n\r\n> unsubscribe",
        "From: Daily Papers\r\nunsubscribe",
        "Von: Daily Papers\r\nunsubscribe",
        "---- Original message ----\r\nunsubscribe",
        "________________________________\r\nunsubscribe",
        "-- \r\nunsubscribe",
    ],
)
def test_a_quotation_or_signature_is_no_request(quoted: str) -> None:
    found = verdict(plain(quoted))
    assert found.kind is ReturnedKind.UNCLEAR
    assert not found.names_unsubscribing


def test_the_subject_of_a_reply_is_that_of_the_mail_and_asks_for_nothing() -> None:
    for prefix in ("Re", "AW", "SV", "RE", "回复"):
        assert verdict(plain("Nice!", f"{prefix}: unsubscribe")).kind is ReturnedKind.UNCLEAR


def test_copies_of_a_message_have_one_fingerprint_and_others_another() -> None:
    content = message("exim")
    by_pipe = b"From MAILER-DAEMON Mon Jul  6 08:00:09 2026\nDelivered-To: x\n" + content
    by_imap = b"Return-Path: <>\r\nReceived: by imap\r\n" + content.replace(b"\n", b"\r\n") + b"\r\n"
    assert fingerprint(content) == fingerprint(by_pipe) == fingerprint(by_imap)
    assert len({fingerprint(message(name)) for name in NAMES}) == len(NAMES)


@given(st.binary(max_size=2000))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    assert isinstance(verdict(content), Verdict)
    assert len(fingerprint(content)) == 64


@given(st.sampled_from(NAMES), st.integers(0, 4000), st.binary(max_size=40), st.integers(0, 200))
def test_damage_makes_no_message_a_proof_about_somebody_else(name: str, at: int, added: bytes, lost: int) -> None:
    content = message(name)
    found = verdict(content[:at] + added + content[at + lost :])
    assert found.proofs.deliveries in ((), (7,))
    assert [grant.payload for grant in found.proofs.grants] in ([], ["a17"])


def nested(depth: int, content: bytes = b"\r\nunsubscribe") -> bytes:
    """Return a message whose text is in `depth` multiparts, each within the other."""
    for level in range(depth):
        content = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n%b\r\n--b%d--\r\n' % (
            level,
            level,
            content,
            level,
        )
    return b"From: Ann <ann@example.net>\r\nSubject: x\r\n" + content


HOSTILE = {
    "deep": nested(5000),
    "deep messages": b"Subject: x\n" + b"Content-Type: message/rfc822\n\n" * 30_000,
    "deep report": b"From: MAILER-DAEMON@x\n" + b"Content-Type: multipart/report; boundary=b\n\n--b\n" * 10_000,
    "many parts": b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    "empty parts": b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 200_000,
    "boundary in boundary": b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"\n--bb\n" * 150_000,
    "many fields": b"X: y\n" * 200_000 + b"\n",
    "long field": b"From: MAILER-DAEMON@" + b"a" * 900_000 + b"\n\nx",
    "folded field": b"Subject: x\n" + b" y\n" * 300_000 + b"\nx",
    "encoded words": b"Subject: " + b"=?utf-8?b?eA==?= " * 50_000 + b"\n\nx",
    "one line": b"From: MAILER-DAEMON@x\nReturn-Path: <>\n\n" + b"a" * LARGEST_MESSAGE,
    "addresses": b"From: MAILER-DAEMON@x\nReturn-Path: <>\n\nA message that you sent could not be delivered\n"
    + b"a@" * 500_000,
    "qmail lines": b"From: MAILER-DAEMON@x\n\nHi. This is the\n\n" + b"<a@b>:\n" * 100_000,
    "comments": b"From: a@b\nContent-Type: text/html\n\n" + b"<!--" * 50_000 + b"<style>" * 50_000,
    "tags": b"From: a@b\nContent-Type: text/html\n\n" + b"<p <" * 100_000,
    "classes": b"From: a@b\nContent-Type: text/html\n\n" + b"<p a gmail" * 50_000,
    "quotes": b"From: a@b\n\n" + b"> \n" * 300_000 + b"unsubscribe",
    "parameters": b"From: a@b\nContent-Type: text/plain" + b'; a="' * 100_000 + b"\n\nx",
    "groups": b"From: a@b\nContent-Type: message/delivery-status\n\n" + b"Action: failed\nStatus: 5.1.1\n\n" * 30_000,
    "words": b"From: a@b\n\n" + b"unsubscribe " * 80_000,
    "return paths": b"From: a@b\nTo: " + b"+b7-aaaaaaaaaaaaaaaaaaaaaaaaaa@" * 30_000 + b"\n\n",
    "punycode": b"From: a@b\nContent-Type: text/plain; charset=punycode\n\n" + b"a-" * 400_000,
    "unknown text": b"From: a@b\nContent-Type: text/plain; charset=utf-999\n\nunsubscribe",
    "bad base64": b"From: a@b\nContent-Transfer-Encoding: base64\n\n" + b"A" * 900_001,
    "bomb": b"From: a@b\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
    + b64encode(zlib.compress(gzip.compress(bytes(10_000_000)))),
    "references": b"From: a@b\nReferences: " + b"<a@" * 300_000 + b"\n\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_read_in_bounded_time(name: str) -> None:
    began = time.process_time()
    found = verdict(HOSTILE[name])
    fingerprint(HOSTILE[name])
    assert time.process_time() - began < SECONDS
    assert found.proofs.is_empty


def test_a_message_that_is_nested_too_deeply_is_set_aside_and_one_that_is_not_is_read() -> None:
    assert verdict(nested(5)).kind is ReturnedKind.UNSUBSCRIBE
    assert verdict(HOSTILE["deep"]).kind is ReturnedKind.BROKEN


def test_of_a_huge_message_the_beginning_is_read() -> None:
    content = message("postfix-unknown") + b"x" * (3 * LARGEST_MESSAGE)
    assert verdict(content).kind is ReturnedKind.HARD
    assert verdict(content[:LARGEST_MESSAGE]).kind is ReturnedKind.HARD


def test_our_own_mail_that_comes_back_as_it_is_asks_for_nothing() -> None:
    own = message("arf").partition(b"message/rfc822\n\n")[2]
    assert own.startswith(b"From: Daily Papers")
    assert verdict(own).kind is ReturnedKind.AUTO_REPLY


@pytest.mark.parametrize(
    "field", ["Auto-Submitted: auto-replied", "Precedence: junk", "X-Autorespond: x", "List-Id: <x.y>"]
)
def test_the_reply_of_a_program_is_ignored_but_not_its_signed_request(field: str) -> None:
    assert verdict(plain("unsubscribe", header=f"{field}\r\n")).kind is ReturnedKind.AUTO_REPLY
    signed = plain("", f"unsubscribe {token()}", f"{field}\r\n")
    assert verdict(signed).kind is ReturnedKind.UNSUBSCRIBE


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\r\n"])
def test_lines_may_end_in_any_way(end: bytes) -> None:
    found = verdict(message("postfix-unknown").replace(b"\r\n", b"\n").replace(b"\n", end))
    assert (found.kind, found.proofs.deliveries) == (ReturnedKind.HARD, (7,))


def test_a_report_without_an_action_is_judged_by_its_status() -> None:
    content = message("postfix-unknown")
    assert b"Action: failed\n" in content
    assert verdict(content.replace(b"Action: failed\n", b"")).kind is ReturnedKind.HARD
    delayed = message("postfix-delayed").replace(b"Action: delayed\n", b"")
    assert verdict(delayed).kind is ReturnedKind.DELAYED


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?q?R=C3=A9ponse_automatique_=3A_12_new_papers?=",
        "=?utf-8?b?6Ieq5Yqo5Zue5aSNOiAxMiBuZXcgcGFwZXJz?=",
        "Automatyczna odpowiedź: 12 new papers",
    ],
)
def test_the_subject_of_a_program_is_known_when_it_is_encoded(subject: str) -> None:
    assert verdict(plain("unsubscribe", subject)).kind is ReturnedKind.AUTO_REPLY


def returned(subject: str, sender: str = "postmaster@example.net", path: str | None = None) -> bytes:
    to = path or return_path()
    return f"Return-Path: <>\nFrom: {sender}\nTo: {to}\nSubject: {subject}\n\nIn no known form.\n".encode()


@pytest.mark.parametrize(
    "subject",
    ["DELIVERY FAILURE: User ann not listed in Domino Directory", "Permanent Delivery Failure", "Unzustellbar: papers"],
)
def test_a_returned_mail_in_an_unknown_form_counts_as_soft(subject: str) -> None:
    found = verdict(returned(subject))
    assert (found.kind, found.proofs.deliveries, found.reason) == (ReturnedKind.SOFT, (7,), subject)
    assert verdict(returned(f"Warning: {subject}")).kind is ReturnedKind.AUTO_REPLY
    assert verdict(returned(subject, "ann@example.net")).kind is ReturnedKind.AUTO_REPLY
    assert verdict(returned(subject, path=return_path(key=b"j" * 32))).kind is ReturnedKind.AUTO_REPLY


def test_the_reason_of_a_qmail_bounce_is_its_sentence() -> None:
    assert verdict(message("qmail")).reason.endswith("(#5.1.1)")
