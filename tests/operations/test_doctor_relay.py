"""The doctor's look at the relay: TLS, login, what it offers, and relays that hang or speak nonsense."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic

import pytest
from support.scripted_relay import HANG, HOST, ScriptedRelay
from support.service import MONDAY
from support.smtp import AUTHORITY, tls_server_context

from notifier.config import Config, MailConfig, SmtpConfig
from notifier.delivery import Timeouts
from notifier.operations.doctor import relay as checks
from notifier.operations.doctor.findings import Finding, State
from notifier.operations.doctor.setup import Setup

MAIL = MailConfig(sender="Papers <papers@example.org>", transport="smtp")
EXTENSIONS = ("SIZE 50000000", "PIPELINING", "AUTH PLAIN LOGIN")


def findings(port: int, **keys: object) -> list[Finding]:
    smtp = SmtpConfig.model_validate({"host": HOST, "port": port, "tls": "none", "hello": "mail.example.org", **keys})
    return list(checks.check_relay(Setup(Config(mail=MAIL, smtp=smtp), None, MONDAY)))


def fault_of(relay: ScriptedRelay, **keys: object) -> tuple[str, str]:
    with relay:
        (found,) = (each for each in findings(relay.port, **keys) if each.state is State.FAULT)
    return found.what, found.cure


@pytest.mark.parametrize(
    ("certificate", "trusted", "said"),
    [("expired", AUTHORITY, "expired"), ("elsewhere", AUTHORITY, "mismatch"), ("valid", None, "unable to get local")],
)
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_wrong_certificate_is_a_fault(certificate: str, trusted: Path | None, said: str, tls: str) -> None:
    relay = ScriptedRelay(tls=tls_server_context(certificate), implicit_tls=tls == "tls")
    what, cure = fault_of(relay, tls=tls, ca_file=trusted)
    assert said in what
    assert "[smtp] tls, host and ca_file" in cure


def test_a_valid_certificate_is_shown_with_its_end_and_a_relay_without_tls_is_a_fault() -> None:
    with ScriptedRelay(tls=tls_server_context("valid"), extensions=EXTENSIONS) as relay:
        found = findings(relay.port, tls="starttls", ca_file=AUTHORITY)
    assert {each.state for each in found} == {State.OK}
    assert any("with a valid certificate until 21" in each.what for each in found)
    assert "STARTTLS" in fault_of(ScriptedRelay(), tls="starttls")[0]


def test_a_limit_of_size_below_that_of_digests_is_a_fault() -> None:
    what, cure = fault_of(ScriptedRelay(extensions=("SIZE 50000", "PIPELINING")))
    assert what == "it takes mails of at most 50 kB, and a digest may have 90 kB"
    assert "message_size_limit" in cure


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE much", "8BITMIME"])
def test_without_a_limit_of_size_nothing_is_wrong_and_without_pipelining_mail_is_slower(size: str) -> None:
    with ScriptedRelay(extensions=(size,)) as relay:
        found = findings(relay.port)
    assert [each.what[:27] for each in found if each.state is not State.OK] == ["it does not offer PIPELININ"]


def test_a_refused_sender_and_a_login_that_is_missing_are_faults() -> None:
    what, cure = fault_of(ScriptedRelay({"MAIL": "553 5.7.1 not yours"}, extensions=EXTENSIONS))
    assert (what, cure) == (
        "it does not take mail from this sender: 553 5.7.1 not yours",
        "allow this sender at the relay, or change [mail] sender or envelope",
    )
    _, cure = fault_of(ScriptedRelay({"MAIL": "530 5.7.0 log in first"}, extensions=EXTENSIONS))
    assert cure == "set [smtp] username and password"


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL"])
def test_a_relay_that_hangs_is_a_fault_within_seconds(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_TIMEOUTS", Timeouts(0.3, 0.3, 0.3, 0.3, 0.3, 0.1))
    begun = monotonic()
    relay = ScriptedRelay({step: HANG}, tls=tls_server_context("valid"), extensions=EXTENSIONS)
    what, _ = fault_of(relay, tls="starttls", ca_file=AUTHORITY, username="a", password="b")
    assert "timed out" in what.lower()
    assert monotonic() - begun < 5


@contextmanager
def speaking(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server that does this with its first client, and yield its port."""
    with socket.create_server((HOST, 0)) as listener:

        def run() -> None:
            client, _ = listener.accept()
            with client:
                serve(client)

        thread = Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\x00\x9c" * 5000, b"", b"220\n\r\n\n"])
def test_a_server_that_speaks_no_smtp_is_a_fault(said: bytes) -> None:
    with speaking(lambda client: client.sendall(said)) as port:
        found = findings(port)
    assert [each.state for each in found if each.state is not State.OK] == [State.FAULT]
    assert all(each.what.isprintable() for each in found)


def test_tls_at_the_wrong_port_and_a_login_that_is_not_offered_have_cures_of_their_own() -> None:
    _, cure = fault_of(ScriptedRelay(extensions=EXTENSIONS), tls="tls", ca_file=AUTHORITY)
    assert cure == 'set [smtp] tls = "starttls", because this port begins in clear text'
    what, cure = fault_of(ScriptedRelay(extensions=("PIPELINING",)), username="a", password="b")
    assert (what, "submission (587)" in cure) == ("it offers no login", True)


def test_certificates_to_trust_that_cannot_be_read_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    what, cure = fault_of(ScriptedRelay(), tls="starttls", ca_file=tmp_path / "ca.pem")
    assert "ca_file" in what
    assert cure == "give a file of PEM certificates"
