"""Steps that the delivery tests share: a mail, settings for a relay on loopback, and sending."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Any

from support.paths import DATA
from support.scripted_relay import HOST, ScriptedRelay

from notifier.delivery.outcomes import Outcome
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings, StillWanted, always
from notifier.models import Envelope, Mail

CERTIFICATES = DATA / "tls"
AUTHORITY = CERTIFICATES / "authority.pem"


def a_mail(number: int = 1, *, recipient: str = "reader@example.org", content: bytes | None = None) -> Mail:
    """A small mail; mails of different numbers have different Message-IDs."""
    message_id = f"<{number}@papers.example.org>"
    text = f"Message-ID: {message_id}\r\nSubject: papers\r\n\r\nNumber {number}.\r\n"
    return Mail(Envelope("bounces@example.org", recipient), message_id, text.encode() if content is None else content)


def settings_for(relay: ScriptedRelay, **changes: Any) -> RelaySettings:
    """Settings that reach `relay`, in clear text unless `changes` say otherwise."""
    return RelaySettings(**{"host": HOST, "port": relay.port, "tls": "none", **changes})


def send(settings: RelaySettings, *mails: Mail) -> list[Outcome]:
    """The outcomes of sending `mails` one after the other over one lane, each with the next one at hand."""

    async def one_by_one() -> list[Outcome]:
        waiting = deque(mails)
        async with SmtpTransport(settings) as lane:
            return [await lane.send(waiting.popleft(), following=lambda: _first(waiting)) for _ in mails]

    return asyncio.run(one_by_one())


def _first(waiting: deque[Mail]) -> tuple[Mail, StillWanted] | None:
    return (waiting[0], always) if waiting else None


def certified(name: str) -> ssl.SSLContext:
    """The server side of TLS, with one of the certificates in `data/tls`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context
