"""If the TLS that the settings require cannot be established, no mail, no address and no password is sent."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from support.scripted_relay import DROP, HANG, Response, ScriptedRelay
from support.smtp import AUTHORITY, a_mail, send, settings_for, tls_server_context

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, Timeouts
from notifier.errors import ConfigError
from notifier.models import DeliveryState

pytestmark = pytest.mark.usefixtures("offers_pipelining")

LOGIN = {"username": "papers", "password": "open sesame"}
LOGIN_EXTENSIONS = ("AUTH PLAIN LOGIN", "SIZE 50000000")


def verbs_in_clear_text(relay: ScriptedRelay) -> set[str]:
    return {seen.line.split(" ")[0] for seen in relay.seen if not seen.encrypted}


def assert_down(outcome: Outcome) -> None:
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.DOWN)


def test_starttls_comes_before_login_and_mail() -> None:
    with ScriptedRelay(tls=tls_server_context("valid"), extensions=LOGIN_EXTENSIONS) as relay:
        (outcome,) = send(settings_for(relay, tls="starttls", ca_file=AUTHORITY, **LOGIN), a_mail())
    assert outcome.state is DeliveryState.ACCEPTED
    assert relay.verbs() == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]
    assert verbs_in_clear_text(relay) == {"EHLO", "STARTTLS"}


def test_with_implicit_tls_nothing_is_sent_in_clear_text() -> None:
    with ScriptedRelay(tls=tls_server_context("valid"), implicit_tls=True, extensions=LOGIN_EXTENSIONS) as relay:
        outcomes = send(settings_for(relay, tls="tls", ca_file=AUTHORITY, **LOGIN), a_mail(1), a_mail(2))
    assert [outcome.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert verbs_in_clear_text(relay) == set()


def test_a_relay_that_does_not_offer_starttls_gets_no_mail_and_no_password() -> None:
    with ScriptedRelay(extensions=LOGIN_EXTENSIONS) as relay:
        (outcome,) = send(settings_for(relay, tls="starttls", ca_file=AUTHORITY, **LOGIN), a_mail())
    assert_down(outcome)
    assert outcome.reply == "TLS: SMTP STARTTLS extension not supported by server."
    assert verbs_in_clear_text(relay) == {"EHLO"}


@pytest.mark.parametrize("refusal", ["454 4.7.0 not available", "501 syntax", "250 ok, but no"])
def test_a_relay_that_refuses_starttls_gets_no_mail_and_no_password(refusal: str) -> None:
    with ScriptedRelay({"STARTTLS": [refusal]}, tls=tls_server_context("valid"), extensions=LOGIN_EXTENSIONS) as relay:
        (outcome,) = send(settings_for(relay, tls="starttls", ca_file=AUTHORITY, **LOGIN), a_mail())
    assert_down(outcome)
    assert outcome.reply == refusal
    assert verbs_in_clear_text(relay) == {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("certificate", "trusted", "complaint"),
    [
        ("expired", AUTHORITY, "expired"),
        ("elsewhere", AUTHORITY, "mismatch"),
        ("valid", None, "unable to get local issuer"),
    ],
)
def test_a_relay_with_an_invalid_certificate_gets_no_mail_and_no_password_and_the_outcome_says_why(
    tls: str, certificate: str, trusted: Path | None, complaint: str
) -> None:
    with ScriptedRelay(
        tls=tls_server_context(certificate), implicit_tls=tls == "tls", extensions=LOGIN_EXTENSIONS
    ) as relay:
        (outcome,) = send(settings_for(relay, tls=tls, ca_file=trusted, **LOGIN), a_mail())
    assert_down(outcome)
    assert complaint in outcome.reply
    assert verbs_in_clear_text(relay) <= {"EHLO", "STARTTLS"}


def test_replies_that_were_injected_before_the_encryption_are_ignored_after_it() -> None:
    """An attacker could append replies to the last reply before the handshake (RFC 3207, section 4.2)."""
    injected = "220 go ahead\r\n250-scripted.test\r\n250 SMTPUTF8"
    with ScriptedRelay({"STARTTLS": [injected]}, tls=tls_server_context("valid"), extensions=()) as relay:
        settings = settings_for(relay, tls="starttls", ca_file=AUTHORITY)
        (outcome,) = send(settings, a_mail(recipient="jürgen@example.org"))
    assert outcome.state is DeliveryState.FAILED  # the encrypted EHLO offers no SMTPUTF8


def test_implicit_tls_with_a_relay_that_speaks_clear_text_defers_the_mail() -> None:
    with ScriptedRelay() as relay:
        (outcome,) = send(settings_for(relay, tls="tls", ca_file=AUTHORITY), a_mail())
    assert_down(outcome)
    assert "MAIL" not in relay.verbs()


@pytest.mark.parametrize("response", [HANG, ("220 go ahead", HANG)])
def test_a_handshake_that_hangs_is_a_timeout(response: Response) -> None:
    timeouts = replace(Timeouts(), greeting=0.3)
    with ScriptedRelay({"STARTTLS": [response]}, tls=tls_server_context("valid")) as relay:
        (outcome,) = send(settings_for(relay, tls="starttls", ca_file=AUTHORITY, timeouts=timeouts), a_mail())
    assert_down(outcome)


@pytest.mark.parametrize("refusal", ["535 5.7.8 wrong", "534 5.7.9 too weak", "550 5.7.1 not from there", "503 again?"])
def test_a_refused_login_defers_the_mail_and_is_no_fault_of_the_recipient(refusal: str) -> None:
    with ScriptedRelay({"AUTH": refusal}, tls=tls_server_context("valid"), extensions=LOGIN_EXTENSIONS) as relay:
        (outcome,) = send(settings_for(relay, tls="starttls", ca_file=AUTHORITY, **LOGIN), a_mail())
    assert (outcome.state, outcome.relay) == (DeliveryState.DEFERRED, RelayCondition.REFUSING)
    assert outcome.reply == refusal
    assert "MAIL" not in relay.verbs()


def test_a_relay_that_offers_no_login_gets_no_mail_if_a_login_is_configured() -> None:
    with ScriptedRelay() as relay:
        (outcome,) = send(settings_for(relay, **LOGIN), a_mail())
    assert_down(outcome)
    assert outcome.reply.startswith("AUTH: ")
    assert "MAIL" not in relay.verbs()


def test_a_relay_that_closes_the_connection_at_the_login_is_down() -> None:
    with ScriptedRelay({"AUTH": DROP}, extensions=LOGIN_EXTENSIONS) as relay:
        (outcome,) = send(settings_for(relay, **LOGIN), a_mail())
    assert_down(outcome)
    assert outcome.reply.startswith("AUTH: ")


def test_the_password_is_not_shown_with_the_settings() -> None:
    assert "sesame" not in repr(RelaySettings("relay.example.org", 587, password="open sesame"))


@pytest.mark.parametrize("content", [None, b"not a certificate"])
def test_certificates_that_cannot_be_read_raise_a_config_error(tmp_path: Path, content: bytes | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(ConfigError, match="ca_file"):
        SmtpTransport(RelaySettings("relay.example.org", 587, ca_file=ca_file))


@pytest.mark.parametrize("code", [535, 454])
def test_a_relay_that_quotes_the_password_does_not_make_it_public(code: int) -> None:
    password = "correct-horse"
    sent = [b64encode(text.encode()).decode() for text in (f"\0ann\0{password}", password)]
    quoting = f"{code} 5.7.8 you sent {sent[0]} or {sent[1]}, which is {password}"
    with ScriptedRelay({"AUTH": quoting}, tls=tls_server_context("valid"), extensions=LOGIN_EXTENSIONS) as relay:
        login = {"username": "ann", "password": password}
        (outcome,) = send(settings_for(relay, tls="starttls", ca_file=AUTHORITY, **login), a_mail())
    assert outcome.reply == f"{code} 5.7.8 you sent *** or ***, which is ***"
