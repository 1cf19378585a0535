"""Open a connection to the relay.

aiosmtplib connects, greets, encrypts and logs in. Then Wire takes over the connection.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, cast

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from notifier.delivery.outcomes import Outcome, Phase, outcome_of_reply, outcome_without_reply
from notifier.delivery.smtp.hello import hello_name
from notifier.delivery.smtp.wire import Wire
from notifier.delivery.transport import RelaySettings
from notifier.errors import NotifierError

_FAILURES = (SMTPException, OSError, ValueError)  # ValueError: a challenge or host name that cannot be decoded

_CANCEL_INTERVAL = 0.1  # seconds


class AttemptError(NotifierError):
    """An attempt to send a mail ended early; `outcome` is its outcome.

    `phase` is the step at which it ended, if that was before the first mail.
    """

    def __init__(self, outcome: Outcome, phase: Phase | None = None) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome
        self.phase = phase


class BrokenConnectionError(AttemptError):
    """The connection cannot be used any more: it is lost or closing (421), or replies may not match commands."""


class StoppedError(AttemptError):
    """The attempt for one mail has ended, and the connection can be used for others."""


async def open_connection(settings: RelaySettings, tls: ssl.SSLContext | None) -> tuple[Wire, frozenset[str]]:
    """Return a connection that is greeted, encrypted and logged in, and the relay's extensions in lower case.

    The connection has the TLS that the settings ask for, never less. Raises BrokenConnectionError if it cannot be
    opened.
    """
    client = client_for(settings, tls)
    try:
        await _await_cancellably(greet(client, settings))
        return Wire(cast(asyncio.Transport, client.transport)), frozenset(client.esmtp_extensions)
    except BaseException:
        client.close()
        raise


class _Client(SMTP):
    """A client that closes its connection at once; otherwise it would wait for the relay to end TLS."""

    def close(self) -> None:
        """Close the connection, if there is one, and discard what has not been sent yet."""
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()
        super().close()


def client_for(settings: RelaySettings, tls: ssl.SSLContext | None) -> SMTP:
    """Return a client that is not connected yet."""
    return _Client(
        hostname=settings.host,
        port=settings.port,
        timeout=settings.timeouts.greeting,
        use_tls=settings.tls == "tls",
        start_tls=False,  # done in `greet`, so that its errors belong to Phase.TLS
        tls_context=tls,
    )


async def _await_cancellably(opening: Coroutine[Any, Any, None]) -> None:
    """Await a coroutine so that a cancellation always ends it.

    aiosmtplib uses `asyncio.wait_for`, which in Python 3.11 may lose a cancellation that comes at the moment at which
    its wait ends. The cancellation is therefore repeated until the coroutine has ended.
    """
    task = asyncio.ensure_future(opening)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_CANCEL_INTERVAL)
        if not task.cancelled():
            task.exception()  # marks the exception as retrieved, so that asyncio does not log it
        raise


async def greet(client: SMTP, settings: RelaySettings, on_greeting: Callable[[str], None] = lambda _: None) -> None:
    """Connect, introduce this machine, encrypt and log in, as the settings ask for.

    `on_greeting` gets the text of the relay's first reply. Raises BrokenConnectionError, with the phase that failed.
    """
    with _failures_at(Phase.CONNECT):
        greeting = await client.connect()
        on_greeting(greeting.message)
        client.local_hostname = await hello_name(settings.hello, cast(asyncio.BaseTransport, client.transport))
        await client.ehlo()
    if settings.tls == "starttls":
        with _failures_at(Phase.TLS):
            await client.starttls()
            await client.ehlo()
    if settings.username:
        with _failures_at(Phase.AUTH, settings):
            await client.login(settings.username, settings.password)


@contextmanager
def _failures_at(phase: Phase, login: RelaySettings | None = None) -> Iterator[None]:
    """Turn every failure inside the `with` block into a BrokenConnectionError of `phase`.

    A relay may quote what it was sent, so the password of `login` is taken out of its reply.
    """
    try:
        yield
    except SMTPResponseException as refusal:
        reply = _without_password(refusal.message, login)
        raise BrokenConnectionError(outcome_of_reply(phase, refusal.code, reply), phase) from refusal
    except _FAILURES as failure:
        trouble = _without_password(str(failure), login)
        raise BrokenConnectionError(outcome_without_reply(phase, trouble or "timed out"), phase) from failure


def _without_password(text: str, login: RelaySettings | None) -> str:
    """Return a text without the password, as it is typed and in the forms of AUTH (RFC 4954 and RFC 4616)."""
    if login is None or not login.password:
        return text
    plain = f"\0{login.username}\0{login.password}"
    for secret in (b64encode(plain.encode()).decode(), b64encode(login.password.encode()).decode(), login.password):
        text = text.replace(secret, "***")
    return text
