"""Send mails over one SMTP connection at a time, which is kept open from mail to mail and replaced when it breaks."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.smtp.connection import Connection, is_writable
from notifier.delivery.smtp.opening import BrokenConnectionError, StoppedError, open_connection
from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.transport import NextMail, RelaySettings, StillWanted, always_wanted, no_next_mail
from notifier.errors import ConfigError
from notifier.models import DeliveryState, Mail


class SmtpTransport:
    """The transport that sends mails to a relay over SMTP.

    It connects when the first mail comes. If the connection fails or a send is cancelled, the connection is closed, and
    the next mail gets a new one.
    """

    def __init__(self, settings: RelaySettings, trust: PipeliningTrust | None = None) -> None:
        """Prepare a transport without connecting; all transports to one relay should share their `trust`.

        Raises ConfigError if the certificates cannot be read.
        """
        self._settings = settings
        self._tls = None if settings.tls == "none" else tls_context(settings.ca_file)
        self._trust = trust or PipeliningTrust()
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._connection is not None:
                with suppress(BrokenConnectionError):
                    await self._connection.quit()
        finally:
            self._drop()

    async def send(
        self, mail: Mail, still_wanted: StillWanted = always_wanted, next_mail: NextMail = no_next_mail
    ) -> Outcome:
        """Send `mail` to the relay, as described in Transport."""
        try:
            connection = self._connection
            if connection is None or not connection.has_begun(mail):
                if not is_writable(mail.envelope):
                    reason = "the sender's or the recipient's address has a character that SMTP does not allow"
                    return Outcome(DeliveryState.FAILED, reason, RelayCondition.UNTRIED)
                connection = await self._begin(mail, still_wanted)
            return await connection.finish(mail, next_mail)
        except StoppedError as stopped:
            return stopped.outcome
        except BrokenConnectionError as broken:
            self._drop()
            return broken.outcome
        except BaseException:
            self._drop()
            raise

    async def _begin(self, mail: Mail, still_wanted: StillWanted) -> Connection:
        """Send MAIL for `mail`, and return the connection on which the relay accepted it.

        If the old connection has broken since its last mail, the mail is not deferred, but sent over a new connection.
        """
        if self._connection is not None:
            with suppress(BrokenConnectionError):
                await self._connection.begin(mail, still_wanted)
                return self._connection
            self._drop()
        wire, extensions = await open_connection(self._settings, self._tls)
        self._connection = Connection(wire, extensions, self._settings.timeouts, self._trust)
        await self._connection.begin(mail, still_wanted)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return the TLS context that trusts these certificates, or else those of the system.

    Raises ConfigError if the file cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        message = f"[smtp] ca_file {ca_file} cannot be read: {error}; give a file of PEM certificates"
        raise ConfigError(message) from None
