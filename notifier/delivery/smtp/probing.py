"""Open a connection to the relay as for sending, send no mail, and report what the relay says about itself."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from notifier.delivery.outcomes import Phase, one_line
from notifier.delivery.smtp.opening import AttemptError, client_for, greet
from notifier.delivery.smtp.transport import tls_context
from notifier.delivery.transport import RelaySettings


@dataclass(slots=True)
class Probe:
    """What a relay has said, up to the step at which it failed, if it did.

    `greeting` is its first reply. `name` is this machine's name, as EHLO told it to the relay. `extensions` are those
    in its last reply to EHLO, in lower case, with their parameters. `certificate` is in the form of
    `ssl.SSLSocket.getpeercert`. `failed_at` is the step that failed, and `trouble` says why, without the password.
    """

    greeting: str = ""
    name: str = ""
    extensions: Mapping[str, str] = field(default_factory=dict)
    tls: str = ""
    certificate: Mapping[str, object] = field(default_factory=dict)
    failed_at: Phase | None = None
    trouble: str = ""


async def probe(settings: RelaySettings, sender: str) -> Probe:
    """Connect, encrypt, log in and name the envelope's `sender`, then leave; no mail is begun.

    Raises ConfigError if the certificates to trust cannot be read.
    """
    found = Probe()
    client = client_for(settings, None if settings.tls == "none" else tls_context(settings.ca_file))
    try:
        try:
            await greet(client, settings, lambda greeting: _note_greeting(found, greeting))
        finally:
            _note_connection(found, client)
        await _ask_about(client, sender, found)
    except AttemptError as failure:
        found.failed_at, found.trouble = failure.phase, failure.outcome.reply
    finally:
        client.close()
        await asyncio.sleep(0)  # lets the event loop close the connection before it ends
    return found


def _note_greeting(found: Probe, greeting: str) -> None:
    found.greeting = one_line(greeting)


def _note_connection(found: Probe, client: SMTP) -> None:
    found.name = client.local_hostname or ""
    found.extensions = dict(client.esmtp_extensions)
    encrypted = client.transport.get_extra_info("ssl_object") if client.transport else None
    if isinstance(encrypted, ssl.SSLObject):
        found.tls = encrypted.version() or ""
        found.certificate = encrypted.getpeercert() or {}


async def _ask_about(client: SMTP, sender: str, found: Probe) -> None:
    """Ask whether the relay takes mail from this sender, and withdraw the question."""
    try:
        await client.mail(sender, encoding="utf-8")
        await client.rset()
        await client.quit()
    except SMTPResponseException as refusal:
        found.failed_at, found.trouble = Phase.MAIL, one_line(f"{refusal.code} {refusal.message}")
    except (SMTPException, OSError, ValueError) as failure:
        found.failed_at, found.trouble = Phase.MAIL, one_line(str(failure) or "timed out")
