"""A lane: one SMTP connection at a time, kept from mail to mail and replaced when it breaks."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.smtp.connection import Connection, is_writable
from notifier.delivery.smtp.opening import BrokenConnectionError, StoppedError, opened
from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.transport import Following, RelaySettings, StillWanted, always, nobody
from notifier.errors import ConfigError
from notifier.models import DeliveryState, Mail


class SmtpTransport:
    """The transport that hands mails to a relay over SMTP.

    Connects when the first mail comes. Any broken connection or cancellation closes it for good, and the next mail
    gets a new one.
    """

    def __init__(self, settings: RelaySettings, manners: PipeliningTrust | None = None) -> None:
        """`manners` are shared by the lanes to one relay. Raises ConfigError where the certificates cannot be read."""
        self._settings = settings
        self._tls = None if settings.tls == "none" else _tls_context(settings.ca_file)
        self._manners = manners or PipeliningTrust()
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

    async def send(self, mail: Mail, still_wanted: StillWanted = always, following: Following = nobody) -> Outcome:
        """Hand `mail` over to the relay; see Transport."""
        try:
            connection = self._connection
            if connection is None or not connection.took_mail(mail):
                if not is_writable(mail.envelope):
                    reason = "an address of its envelope cannot be written in SMTP"
                    return Outcome(DeliveryState.FAILED, reason, RelayCondition.UNTRIED)
                connection = await self._begin(mail, still_wanted)
            return await connection.finish(mail, following)
        except StoppedError as stopped:
            return stopped.outcome
        except BrokenConnectionError as broken:
            self._drop()
            return broken.outcome
        except BaseException:
            self._drop()
            raise

    async def _begin(self, mail: Mail, still_wanted: StillWanted) -> Connection:
        """Write MAIL, on a new connection where the old one went stale since its last mail: that is nobody's fault."""
        if self._connection is not None:
            with suppress(BrokenConnectionError):
                await self._connection.begin(mail, still_wanted)
                return self._connection
            self._drop()
        wire, offers = await opened(self._settings, self._tls)
        self._connection = Connection(wire, offers, self._settings.timeouts, self._manners)
        await self._connection.begin(mail, still_wanted)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        message = f"[smtp] ca_file {ca_file} cannot be used: {error}; name a file of PEM certificates"
        raise ConfigError(message) from None
