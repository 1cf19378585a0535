"""One open connection to the relay, on aiosmtplib: which phase an attempt had reached is never in doubt here."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, cast

from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol

from notifier.delivery.outcomes import SERVICE_CLOSING, Outcome, Phase, judge, lost
from notifier.delivery.transport import CANCELLED, RelaySettings, StillWanted, Timeouts
from notifier.errors import NotifierError
from notifier.models import DeliveryState, Mail

BLOCK = 1 << 16  # bytes of a message between two looks at the clock

_TROUBLE = (SMTPException, OSError, ValueError)  # ValueError: a challenge or host name that cannot be decoded
_LINE_END = re.compile(rb"\r\n|\n|\r")


class AttemptError(NotifierError):
    """An attempt that ended early; `outcome` is what that means for its mail."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome


class BrokenConnectionError(AttemptError):
    """The connection is of no more use: lost, closing (421), or answering what nobody asked."""


class StoppedError(AttemptError):
    """This mail goes no further; the connection can carry others."""


@contextmanager
def _during(phase: Phase) -> Iterator[None]:
    try:
        yield
    except SMTPResponseException as refusal:
        raise BrokenConnectionError(judge(phase, refusal.code, refusal.message)) from refusal
    except _TROUBLE as trouble:
        raise BrokenConnectionError(lost(phase, str(trouble) or "timed out")) from trouble


class Connection:
    """Greeted, encrypted and logged in as the settings ask; carries one mail after the other.

    After BrokenConnectionError or a cancellation it must be aborted: aiosmtplib would pair later replies with the
    wrong commands.
    """

    def __init__(self, client: SMTP, timeouts: Timeouts) -> None:
        self._client = client
        self._protocol = cast(SMTPProtocol, client.protocol)
        self._writer = asyncio.StreamWriter(
            cast(asyncio.WriteTransport, client.transport), self._protocol, None, asyncio.get_running_loop()
        )
        self._timeouts = timeouts
        self._envelope_open = False

    @classmethod
    async def open(cls, settings: RelaySettings, tls: ssl.SSLContext | None) -> Self:
        """Connect with the TLS that the settings ask for, never with less; raises BrokenConnectionError."""
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeouts.greeting,
            use_tls=settings.tls == "tls",
            start_tls=False,  # done below, as a phase of its own
            tls_context=tls,
        )
        try:
            await _greet(client, settings)
        except BaseException:
            _abort(client.transport)
            client.close()
            raise
        return cls(client, settings.timeouts)

    async def begin(self, mail: Mail, still_wanted: StillWanted) -> None:
        """Have MAIL accepted for `mail`; raises AttemptError."""
        if self._envelope_open:
            await self._reset()
        parameters = self._parameters(mail)
        if not await still_wanted():
            raise StoppedError(CANCELLED)
        self._envelope_open = True
        sender = f"FROM:<{mail.envelope.sender}>".encode()
        await self._command(Phase.MAIL, b"MAIL", sender, *parameters)

    async def finish(self, mail: Mail) -> Outcome:
        """Write the rest of a mail whose MAIL was accepted; raises AttemptError where it is not accepted in the end."""
        await self._command(Phase.RCPT, b"RCPT", f"TO:<{mail.envelope.recipient}>".encode())
        await self._command(Phase.DATA, b"DATA")
        outcome = await self._content(dot_stuffed(mail.content))
        self._envelope_open = False
        return outcome

    async def quit(self) -> None:
        """Part politely; what the relay says to that no longer matters."""
        with _during(Phase.CONNECT):
            await self._client.quit(timeout=self._timeouts.goodbye)

    def abort(self) -> None:
        """Close at once, without flushing what is still to be written."""
        _abort(self._writer.transport)
        self._client.close()

    async def _command(self, phase: Phase, *words: bytes) -> None:
        timeout = self._timeouts.data if phase is Phase.DATA else self._timeouts.command
        with _during(phase):
            reply = await self._client.execute_command(*words, timeout=timeout)
        if not _is_yes(phase, reply):
            raise _refusal(phase, reply)

    async def _reset(self) -> None:
        """Clear a refused envelope; a relay that answers anything but yes may be answering something else."""
        try:
            await self._command(Phase.MAIL, b"RSET")
        except StoppedError as stopped:
            raise BrokenConnectionError(stopped.outcome) from stopped
        self._envelope_open = False

    def _parameters(self, mail: Mail) -> list[bytes]:
        """What MAIL says about the mail: RFC 1870, RFC 6152 and, for an address beyond ASCII only, RFC 6531."""
        parameters = []
        if self._client.supports_extension("size"):
            parameters.append(b"SIZE=%d" % len(mail.content))
        if self._client.supports_extension("8bitmime") and not mail.content.isascii():
            parameters.append(b"BODY=8BITMIME")
        if not (mail.envelope.sender + mail.envelope.recipient).isascii():
            if not self._client.supports_extension("smtputf8"):
                reason = "the relay takes no address beyond ASCII (it does not offer SMTPUTF8)"
                raise StoppedError(Outcome(DeliveryState.FAILED, reason))
            parameters.append(b"SMTPUTF8")
        return parameters

    async def _content(self, content: bytes) -> Outcome:
        """Write the message, then the final dot.

        Until the dot is given to the socket the relay cannot have the message, and losing it means another try; from
        then on it may have it, whatever becomes of the connection. A relay may also refuse before the dot, so its
        reply is awaited from the first byte on.
        """
        reply = asyncio.ensure_future(self._protocol.read_response())
        try:
            with _during(Phase.CONTENT):
                await self._write_blocks(content, reply)
            with _during(Phase.DOT):
                self._writer.write(b".\r\n")
                async with asyncio.timeout(self._timeouts.dot):
                    answer = await reply
        finally:
            reply.cancel()
        if not _is_yes(Phase.DOT, answer):
            raise _refusal(Phase.DOT, answer)
        return judge(Phase.DOT, answer.code, answer.message)

    async def _write_blocks(self, content: bytes, reply: asyncio.Task[SMTPResponse]) -> None:
        """Raises the relay's early reply, where there is one, rather than the broken pipe that follows it."""
        try:
            for start in range(0, len(content), BLOCK):
                self._writer.write(content[start : start + BLOCK])
                async with asyncio.timeout(self._timeouts.block):
                    await self._writer.drain()
            await asyncio.sleep(0)  # a relay that hung up with its 354 is seen now, while it is still certain
        except OSError:
            if not reply.done():
                raise
        if reply.done():
            raise SMTPResponseException(*reply.result())


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


def _is_yes(phase: Phase, reply: SMTPResponse) -> bool:
    return reply.code // 100 == (3 if phase is Phase.DATA else 2)


def _refusal(phase: Phase, reply: SMTPResponse) -> AttemptError:
    """A 4xx or 5xx ends the mail; after anything else than these, relay and client no longer speak of the same."""
    outcome = judge(phase, reply.code, reply.message)
    is_proper = 400 <= reply.code < 600 and reply.code != SERVICE_CLOSING
    return StoppedError(outcome) if is_proper else BrokenConnectionError(outcome)


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if transport is not None:
        cast(asyncio.WriteTransport, transport).abort()


def dot_stuffed(content: bytes) -> bytes:
    """`content` as DATA carries it (RFC 5321, section 4.5.2), without the final dot.

    A bare CR or LF becomes CRLF: some relays take a dot between bare ones for the end, and what follows for commands.
    """
    if not content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        content = _LINE_END.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
