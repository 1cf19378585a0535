"""What the delivery tests share: mails, settings for a relay on loopback, certificates, and sending."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Any

from support.paths import DATA
from support.scripted_relay import HOST, ScriptedRelay

from notifier.delivery.outcomes import Outcome
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, StillWanted, always_wanted
from notifier.models import Envelope, Mail

CERTIFICATES = DATA / "tls"
AUTHORITY = CERTIFICATES / "authority.pem"


def a_mail(number: int = 1, *, recipient: str = "subscriber@example.org", content: bytes | None = None) -> Mail:
    """Return a small mail; mails with different numbers have different Message-IDs."""
    message_id = f"<{number}@papers.example.org>"
    text = f"Message-ID: {message_id}\r\nSubject: papers\r\n\r\nNumber {number}.\r\n"
    return Mail(Envelope("bounces@example.org", recipient), message_id, text.encode() if content is None else content)


def settings_for(relay: ScriptedRelay, **changes: Any) -> RelaySettings:
    """Return settings for `relay`, without TLS unless `changes` say otherwise."""
    return RelaySettings(**{"host": HOST, "port": relay.port, "tls": "none", **changes})


def send(settings: RelaySettings, *mails: Mail) -> list[Outcome]:
    """Send mails over one transport and return their outcomes; each `send` can ask for the mail that comes next."""

    async def one_by_one() -> list[Outcome]:
        waiting = deque(mails)
        async with SmtpTransport(settings) as transport:
            return [await transport.send(waiting.popleft(), next_mail=lambda: _first(waiting)) for _ in mails]

    return asyncio.run(one_by_one())


def _first(waiting: deque[Mail]) -> tuple[Mail, StillWanted] | None:
    return (waiting[0], always_wanted) if waiting else None


def tls_server_context(name: str) -> ssl.SSLContext:
    """Return the TLS context of a server that has the certificate `name` of `data/tls`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context
