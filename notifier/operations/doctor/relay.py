"""Check the relay: connect, encrypt, log in, and look at what it offers; send a mail only on request."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from notifier.config import is_loopback
from notifier.delivery import (
    Maildir,
    Phase,
    Probe,
    RelaySettings,
    SmtpTransport,
    Timeouts,
    Transport,
    own_full_name,
    probe,
)
from notifier.errors import NotifierError
from notifier.mail import MAIL_BYTES
from notifier.models import DeliveryState, Envelope, Mail
from notifier.operations.doctor.clock import against_server
from notifier.operations.doctor.findings import Area, CannotTellError, Finding, fault, ok, skipped, split, warning
from notifier.operations.doctor.setup import Setup
from notifier.operations.doctor.side_by_side import within
from notifier.sending import relay_settings
from notifier.store import outbox, reading, relays

STEP_SECONDS = 5.0  # for each reply of the relay
WHOLE_SECONDS = 10.0  # for all of them together
_TIMEOUTS = Timeouts(STEP_SECONDS, STEP_SECONDS, STEP_SECONDS, STEP_SECONDS, STEP_SECONDS, goodbye=1)
_SOON = timedelta(days=14)  # before a certificate expires
_TLS_PORT, _SUBMISSION_PORT = 465, 587
_PLACE = "[smtp] host and port"

_CURES = {
    Phase.CONNECT: f"check {_PLACE}, and that the relay runs and that no firewall is between",
    Phase.TLS: "check [smtp] tls, host and ca_file; the certificate must be for this host, and valid",
    Phase.AUTH: "check [smtp] username and password",
    Phase.MAIL: "allow this sender at the relay, or change [mail] sender or envelope",
}


def check_relay(setup: Setup) -> Iterator[Finding]:
    """Speak with the relay as for sending, and compare what it offers with what mails need."""
    if setup.config.mail.transport == "maildir":
        yield skipped(Area.RELAY, "relay", "mail is written to a folder, so no relay is used")
        return
    settings = replace(relay_settings(setup.config), timeouts=_TIMEOUTS)
    about = f"{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"
    _resolve(settings)
    settings = replace(settings, hello=settings.hello or _own_name())
    asked_at = setup.now
    try:
        found = asyncio.run(_probe_with_timeout(settings, setup.config.mail.envelope_sender))
    except NotifierError as error:
        yield fault(Area.RELAY, about, *split(str(error)))
        return
    except TimeoutError:
        what = f"it had not answered all questions after {WHOLE_SECONDS:.0f} s"
        yield fault(Area.RELAY, about, what, _CURES[Phase.CONNECT])
        return
    yield from _findings(settings, found, about)
    if told := against_server(asked_at, f"the relay {settings.host}", found.greeting):
        yield told


def _resolve(settings: RelaySettings) -> None:
    """Raise CannotTellError if the name server does not answer for the relay; other errors show when connecting."""
    try:
        within(STEP_SECONDS, lambda: _addresses(settings))
    except (TimeoutError, InterruptedError):
        raise CannotTellError(
            f"{settings.host} could not be asked: the name server does not answer; check the network"
        ) from None


def _addresses(settings: RelaySettings) -> None:
    try:
        socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise InterruptedError from None
    except (OSError, UnicodeError):
        return


def _own_name() -> str:
    """Return the full name of this machine, or "" if finding it takes too long."""
    try:
        return within(STEP_SECONDS / 2, own_full_name)
    except TimeoutError:
        return ""


async def _probe_with_timeout(settings: RelaySettings, sender: str) -> Probe:
    return await asyncio.wait_for(probe(settings, sender), WHOLE_SECONDS)


def _findings(settings: RelaySettings, result: Probe, about: str) -> Iterator[Finding]:
    if result.greeting:
        yield ok(Area.RELAY, about, f"it greets with: {result.greeting}")
    if result.tls:
        yield _certificate(result, about)
    if result.failed_at is not None:
        yield fault(Area.RELAY, about, _why(result), _cure(result, settings))
        if result.failed_at is not Phase.MAIL:
            return
    else:
        login = f"takes the login of {settings.username}" if settings.username else "asks for no login"
        yield ok(Area.RELAY, about, f"it {login}, and takes mail from this sender")
    yield from _offers(result.extensions, about)
    if result.name.startswith("[") and not is_loopback(settings.host):
        what = f"this machine introduces itself as {result.name}, since it has no full name; some relays refuse that"
        yield warning(Area.RELAY, about, what, "set [smtp] hello to its name, such as mail.example.org")


def _why(result: Probe) -> str:
    trouble = result.trouble
    for prefix in ("CONNECT: ", "TLS: ", "AUTH: "):
        trouble = trouble.removeprefix(prefix)
    match result.failed_at:
        case Phase.TLS:
            return f"TLS fails: {trouble}"
        case Phase.AUTH:
            return f"the login is refused: {trouble}" if not _offers_no_login(result) else "it offers no login"
        case Phase.MAIL:
            return f"it does not take mail from this sender: {trouble}"
    return f"no mail server greets there: {trouble}" if not result.greeting else f"it stopped at EHLO: {trouble}"


def _cure(result: Probe, settings: RelaySettings) -> str:
    assert result.failed_at is not None
    trouble = result.trouble.lower()
    if "certificate" in trouble:  # if TLS begins at once, a bad certificate makes CONNECT fail
        return _CURES[Phase.TLS]
    if settings.tls == "tls" and ("wrong version" in trouble or "wrong_version" in trouble):
        return 'set [smtp] tls = "starttls", because this port begins in clear text'
    if settings.port == _TLS_PORT and settings.tls != "tls" and not result.greeting:
        return f'set [smtp] tls = "tls", because port {_TLS_PORT} begins with TLS'
    if _offers_no_login(result):
        return f"use the port for submission ({_SUBMISSION_PORT}), or remove [smtp] username and password"
    if result.failed_at is Phase.MAIL and not settings.username and result.trouble.startswith("530"):
        return "set [smtp] username and password"
    return _CURES[result.failed_at]


def _offers_no_login(result: Probe) -> bool:
    return result.failed_at is Phase.AUTH and "AUTH extension is not supported" in result.trouble


def _certificate(result: Probe, about: str) -> Finding:
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(result.certificate["notAfter"])), UTC)
    what = f"{result.tls}, with a valid certificate until {ends:%Y-%m-%d}"
    if ends - datetime.now(UTC) < _SOON:
        return warning(Area.RELAY, about, what, "renew the certificate of the relay before that day")
    return ok(Area.RELAY, about, what)


def _offers(extensions: Mapping[str, str], about: str) -> Iterator[Finding]:
    said = extensions.get("size", "").strip()
    size = int(said[:18]) if said.isdecimal() else 0  # 0 means no limit (RFC 1870)
    if 0 < size < MAIL_BYTES:
        what = f"it takes mails of at most {size // 1000} kB, and a digest may have {MAIL_BYTES // 1000} kB"
        yield fault(Area.RELAY, about, what, "raise the limit of the relay (message_size_limit in Postfix)")
    else:
        limit = f"at most {size // 1000:,} kB" if size else "any size"
        yield ok(Area.RELAY, about, f"it takes mails of {limit}")
    if "pipelining" in extensions:
        yield ok(Area.RELAY, about, "it offers PIPELINING")
    else:
        what = "it does not offer PIPELINING, so each mail takes four round trips instead of one"
        yield warning(Area.RELAY, about, what, "nothing is lost; a relay near this machine is faster")


def check_pause(setup: Setup) -> Iterator[Finding]:
    """Say if sending to the relay is paused."""
    with reading(setup.store()) as connection:
        state = relays.read(connection, setup.config.relay_name)
    if state.paused_until is not None:
        what = f"sending is paused until {state.paused_until:%Y-%m-%d %H:%M} UTC: {state.reason}"
        yield warning(Area.RELAY, "pause", what, "correct that; then one mail tests the relay, and the pause ends")
    else:
        yield ok(Area.RELAY, "pause", "sending is not paused")


def send_probe(setup: Setup, recipient: str) -> Iterator[Finding]:
    """Send a mail to an address, over the same relay as all mail."""
    mail = _probe_mail(setup, recipient)
    try:
        outcome = asyncio.run(asyncio.wait_for(_send_once(lambda: _transport(setup), mail), WHOLE_SECONDS + 1))
    except NotifierError as error:
        yield fault(Area.RELAY, f"mail to {recipient}", *split(str(error)))
        return
    except TimeoutError:
        what = f"the relay had not taken it after {WHOLE_SECONDS:.0f} s"
        yield fault(Area.RELAY, f"mail to {recipient}", what, "see the other findings about the relay")
        return
    state, reply = outcome
    if state is DeliveryState.ACCEPTED:
        what = f"it was accepted ({reply}); in its header, look for spf=pass, dkim=pass and dmarc=pass"
        yield ok(Area.RELAY, f"mail to {recipient}", what)
    else:
        cure = "see the other findings about the relay, and its log"
        yield fault(Area.RELAY, f"mail to {recipient}", f"it was not accepted: {reply}", cure)


def _transport(setup: Setup) -> Transport:
    if setup.config.mail.transport == "maildir":
        return Maildir(setup.config.path(setup.config.maildir.folder))
    return SmtpTransport(replace(relay_settings(setup.config), timeouts=_TIMEOUTS))


async def _send_once(make: Callable[[], Transport], mail: Mail) -> tuple[DeliveryState, str]:
    async with make() as transport:
        outcome = await transport.send(mail)
    return outcome.state, outcome.reply


def _probe_mail(setup: Setup, recipient: str) -> Mail:
    config = setup.config
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = config.mail.sender, recipient
    message["Subject"] = f"{config.mail.brand}: a test of notifier doctor"
    message["Date"] = format_datetime(setup.now)
    message["Message-ID"] = outbox.new_message_id(config.mail.sender)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        "This mail was sent by the command notifier doctor, to test how mail gets here.\n\n"
        "Show its source. The header Authentication-Results, which your mail server has added,\n"
        "should say spf=pass, dkim=pass and dmarc=pass. There is nothing else to do.\n"
    )
    envelope = Envelope(config.mail.envelope_sender, recipient)
    return Mail(envelope, str(message["Message-ID"]), message.as_bytes())
