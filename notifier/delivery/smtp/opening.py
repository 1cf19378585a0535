"""Opening a connection to the relay: aiosmtplib connects, greets, encrypts and logs in; then the wire is ours."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, cast

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from notifier.delivery.outcomes import Outcome, Phase, judge, lost
from notifier.delivery.smtp.wire import Wire
from notifier.delivery.transport import RelaySettings
from notifier.errors import NotifierError

_TROUBLE = (SMTPException, OSError, ValueError)  # ValueError: a challenge or host name that cannot be decoded

_CANCEL_AGAIN = 0.1  # seconds


class AttemptError(NotifierError):
    """An attempt that ended early; `outcome` is what that means for its mail."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome


class BrokenConnectionError(AttemptError):
    """The connection is of no more use: lost, closing (421), or answering what nobody asked."""


class StoppedError(AttemptError):
    """This mail goes no further; the connection can carry others."""


async def opened(settings: RelaySettings, tls: ssl.SSLContext | None) -> tuple[Wire, frozenset[str]]:
    """A connection with the TLS that the settings ask for, never with less, and what the relay offers, in lower case.

    Raises BrokenConnectionError.
    """
    client = SMTP(
        hostname=settings.host,
        port=settings.port,
        timeout=settings.timeouts.greeting,
        use_tls=settings.tls == "tls",
        start_tls=False,  # done below, as a phase of its own
        tls_context=tls,
    )
    try:
        await _cancellable(_greet(client, settings))
        return Wire(cast(asyncio.Transport, client.transport)), frozenset(client.esmtp_extensions)
    except BaseException:
        if client.transport is not None:
            cast(asyncio.Transport, client.transport).abort()
        client.close()
        raise


async def _cancellable(opening: Coroutine[Any, Any, None]) -> None:
    """Await what a cancellation ends: Python 3.11's wait_for, inside aiosmtplib, may lose one as its wait is over."""
    task = asyncio.ensure_future(opening)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_CANCEL_AGAIN)
        if not task.cancelled():
            task.exception()  # it failed at the same moment, which nobody asks about any more
        raise


async def _greet(client: SMTP, settings: RelaySettings) -> None:
    with _during(Phase.CONNECT):
        await client.connect()
        await client.ehlo()
    if settings.tls == "starttls":
        with _during(Phase.TLS):
            await client.starttls()
            await client.ehlo()
    if settings.username:
        with _during(Phase.AUTH):
            await client.login(settings.username, settings.password)


@contextmanager
def _during(phase: Phase) -> Iterator[None]:
    try:
        yield
    except SMTPResponseException as refusal:
        raise BrokenConnectionError(judge(phase, refusal.code, refusal.message)) from refusal
    except _TROUBLE as trouble:
        raise BrokenConnectionError(lost(phase, str(trouble) or "timed out")) from trouble
