"""Hold the SMTP dialogue for each mail on one open connection to the relay.

The connection always knows which phase each mail has reached, because the phase decides what a lost connection means.

If the relay offers PIPELINING (RFC 2920), an envelope (MAIL, RCPT and DATA) is sent in one write. If the next mail is
known, its envelope is sent in the same write as the end of the current message, after the final dot. A mail then costs
one round trip. Without PIPELINING, each command waits for its reply.
"""

from __future__ import annotations

import asyncio
import re

from notifier.delivery.outcomes import SERVICE_CLOSING, Outcome, Phase, outcome_of_reply, outcome_without_reply
from notifier.delivery.smtp.opening import BrokenConnectionError, StoppedError
from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.smtp.replies import Reply
from notifier.delivery.smtp.wire import Wire
from notifier.delivery.transport import CANCELLED, NextMail, StillWanted, Timeouts
from notifier.models import DeliveryState, Envelope, Mail

COMPLETED, GO_AHEAD = 2, 3  # first digits of a positive reply (RFC 5321, section 4.2.1); DATA is answered with GO_AHEAD
BLOCK = 1 << 16  # bytes of a message in one write

_LINE_END = re.compile(rb"\r\n|\n|\r")
_NOT_IN_AN_ADDRESS = re.compile(r"[\s<>\x00-\x1f\x7f]")  # would end the address or the command


class Connection:
    """A connection that is greeted, encrypted and logged in; it carries one mail after the other.

    After BrokenConnectionError or a cancellation it must be aborted. Otherwise later replies would be matched with the
    wrong commands.
    """

    def __init__(self, wire: Wire, extensions: frozenset[str], timeouts: Timeouts, trust: PipeliningTrust) -> None:
        self._wire = wire
        self._extensions = extensions
        self._timeouts = timeouts
        self._timeout_of = {Phase.DATA: timeouts.data, Phase.DOT: timeouts.dot}
        self._trust = trust
        self._next: Mail | None = None  # the mail whose envelope was written behind the previous message
        self._is_pipelined = False  # whether the current envelope was sent in one write
        self._pending: list[Phase] = []  # commands of a refused envelope whose replies have not been read yet
        self._is_envelope_open = False  # whether the relay may still hold an envelope

    def has_begun(self, mail: Mail) -> bool:
        """Return whether the relay has already accepted MAIL for `mail`; if it has, the caller must skip `begin`.

        This is the case if the envelope was written behind the previous message and a positive reply to MAIL has
        arrived. That reply is consumed.
        """
        return self._next is mail and self._wire.consume_reply(COMPLETED)

    async def begin(self, mail: Mail, still_wanted: StillWanted) -> None:
        """Write MAIL for `mail`, unless it is written already, and wait until it is accepted.

        Raises AttemptError if it is not accepted.
        """
        if self._next is not mail:
            await self._write_envelope(mail, still_wanted)
        await self._positive_reply(Phase.MAIL, mail)

    async def finish(self, mail: Mail, next_mail: NextMail) -> Outcome:
        """Send the rest of a mail whose MAIL was accepted, and return its outcome.

        `next_mail` gives the mail whose envelope may be written behind this message; see Transport. Raises AttemptError
        if the mail is not accepted.
        """
        if not self._is_pipelined:
            self._wire.write(_rcpt_command(mail))
        if not self._wire.consume_reply(COMPLETED):
            await self._positive_reply(Phase.RCPT, mail)
        if not self._is_pipelined:
            self._wire.write(b"DATA\r\n")
        if not self._wire.consume_reply(GO_AHEAD):
            await self._positive_reply(Phase.DATA, mail)
        if self._next is mail:
            self._trust.record_success()
        self._next = None
        await self._write_message(mail, next_mail)
        reply = await self._positive_reply(Phase.DOT, mail)
        self._is_envelope_open = self._next is not None
        return outcome_of_reply(Phase.DOT, *reply)

    async def quit(self) -> None:
        """Send QUIT, unless a mail is under way, and wait a short time for the reply, whatever it is."""
        if self._next is None and not self._pending:
            self._wire.write(b"QUIT\r\n")
            await self._reply(Phase.CONNECT, self._timeouts.goodbye)

    def abort(self) -> None:
        """Close at once and discard what has not been sent yet."""
        self._wire.abort()

    async def _write_envelope(self, mail: Mail, still_wanted: StillWanted) -> None:
        """Write the whole envelope if pipelining is possible, otherwise MAIL alone."""
        await self._end_refused_envelope()
        if self._next is not None or self._wire.has_reply or self._wire.is_lost:
            trouble = "the connection was lost or out of step before the next mail"
            raise BrokenConnectionError(outcome_without_reply(Phase.MAIL, trouble))
        command = self._mail_command(mail)
        self._is_pipelined = self._can_pipeline
        if not await still_wanted():
            raise StoppedError(CANCELLED)
        self._is_envelope_open = True
        self._wire.write(command + _rcpt_command(mail) + b"DATA\r\n" if self._is_pipelined else command)

    async def _end_refused_envelope(self) -> None:
        """Read the remaining replies to a refused envelope, and reset it.

        A reply to RSET that is not positive breaks the connection, because it may be the reply to another command.
        """
        while self._pending:
            await self._discard_reply(self._pending.pop(0))
        if self._is_envelope_open and self._next is None:
            self._wire.write(b"RSET\r\n")
            _require(await self._reply(Phase.MAIL, self._timeouts.command), COMPLETED)
            self._is_envelope_open = False

    async def _discard_reply(self, phase: Phase) -> None:
        """Read a reply that no longer affects the outcome of a mail.

        If the relay asks for the message in spite of the refusal, it gets the final dot alone (RFC 2920, section 3.1).
        A relay that accepts the recipient although it has refused the sender would take that dot for an empty message.
        A positive reply to RCPT therefore breaks the connection, and no dot is written.
        """
        reply = await self._reply(phase, self._timeout_of.get(phase, self._timeouts.command))
        if phase is Phase.DATA and reply.code // 100 == GO_AHEAD:
            self._wire.write(b".\r\n")
            reply = await self._reply(Phase.MAIL, self._timeouts.dot)
        _require(reply, 4, 5)

    async def _write_message(self, mail: Mail, next_mail: NextMail) -> None:
        """Write the message, its final dot, and the next envelope.

        Until the dot is given to the socket, the relay cannot have the message, and a lost connection means another
        attempt. From then on the relay may have it, and a lost connection means UNCERTAIN.
        """
        content = mail.content if mail.is_wire_form else dot_stuffed(mail.content)
        if len(content) > BLOCK:
            content = await self._write_blocks(content)
        if not self._trust.is_proven:
            await asyncio.sleep(0)  # lets the event loop see that a relay hung up right after its reply to DATA
        if self._wire.has_reply or self._wire.is_lost:
            reply = await self._reply(Phase.CONTENT, self._timeouts.block)
            # The reply tells more than the broken pipe that further writing would cause.
            raise BrokenConnectionError(outcome_of_reply(Phase.CONTENT, *reply, mail.envelope.sender))
        next_envelope = await self._next_envelope(next_mail)
        self._wire.write(b"".join((content, b".\r\n", next_envelope)))

    async def _write_blocks(self, content: bytes) -> bytes:
        """Write a message up to its last block, or until a reply comes, and return what is left."""
        start = 0
        try:
            while len(content) - start > BLOCK and not self._wire.has_reply:
                self._wire.write(content[start : start + BLOCK])
                start += BLOCK
                await self._wire.drain(self._timeouts.block)
        except OSError as failure:
            raise BrokenConnectionError(outcome_without_reply(Phase.CONTENT, str(failure))) from failure
        return content[start:]

    async def _next_envelope(self, next_mail: NextMail) -> bytes:
        """Return the next mail's envelope, or nothing if there is no such mail or it cannot be pipelined."""
        self._next = None
        if not self._can_pipeline or (offered := next_mail()) is None:
            return b""
        mail, still_wanted = offered
        if not is_writable(mail.envelope) or not self._supports_addresses(mail) or not await still_wanted():
            return b""
        self._next, self._is_pipelined = mail, True
        return self._mail_command(mail) + _rcpt_command(mail) + b"DATA\r\n"

    @property
    def _can_pipeline(self) -> bool:
        return "pipelining" in self._extensions and self._trust.may_pipeline

    async def _positive_reply(self, phase: Phase, mail: Mail) -> Reply:
        """Return the relay's reply to `mail` at this phase if it is positive.

        Raises StoppedError for a refusal with 4xx or 5xx, which ends this mail alone. Raises BrokenConnectionError,
        which ends the connection too, for any other reply, for 421, for a refusal that pipelining may have caused, and
        if no reply comes.
        """
        reply = await self._reply(phase, self._timeout_of.get(phase, self._timeouts.command))
        if reply.code // 100 == (GO_AHEAD if phase is Phase.DATA else COMPLETED):
            return reply
        if self._may_blame_pipelining(phase) and self._trust.may_be_caused_by_pipelining(reply):
            raise self._broken(phase, f"{reply.code} {reply.text}")
        outcome = outcome_of_reply(phase, *reply, mail.envelope.sender)
        if not _is_refusal(reply):
            if reply.code != SERVICE_CLOSING and self._may_blame_pipelining(phase):
                self._trust.record_failure()
            raise BrokenConnectionError(outcome)
        if phase < Phase.DOT:
            self._next = None
            self._pending = [later for later in (Phase.RCPT, Phase.DATA) if self._is_pipelined and later > phase]
        raise StoppedError(outcome)

    async def _reply(self, phase: Phase, timeout: float) -> Reply:
        try:
            return await self._wire.next_reply(timeout)
        except OSError as failure:
            raise self._broken(phase, str(failure)) from failure

    def _broken(self, phase: Phase, trouble: str) -> BrokenConnectionError:
        if self._may_blame_pipelining(phase):
            self._trust.record_failure()
        return BrokenConnectionError(outcome_without_reply(phase, trouble))

    def _may_blame_pipelining(self, phase: Phase) -> bool:
        """Return whether a failure at this phase may be caused by pipelining."""
        return self._is_pipelined if phase < Phase.CONTENT else self._next is not None

    def _supports_addresses(self, mail: Mail) -> bool:
        return "smtputf8" in self._extensions or (mail.envelope.sender + mail.envelope.recipient).isascii()

    def _mail_command(self, mail: Mail) -> bytes:
        """Return MAIL with the parameters that the mail needs and the relay supports.

        These are SIZE (RFC 1870), BODY=8BITMIME (RFC 6152), and SMTPUTF8 (RFC 6531) for addresses beyond ASCII. Raises
        StoppedError if such an address needs SMTPUTF8 and the relay does not support it.
        """
        envelope = mail.envelope
        command = f"MAIL FROM:<{envelope.sender}>"
        if "size" in self._extensions:
            command += f" SIZE={len(mail.content)}"
        if "8bitmime" in self._extensions and not (mail.is_wire_form or mail.content.isascii()):
            command += " BODY=8BITMIME"
        if not (envelope.sender + envelope.recipient).isascii():
            if not self._supports_addresses(mail):
                reason = (
                    "the address has letters beyond ASCII before the @, and the relay does not support SMTPUTF8; "
                    "use a relay that does, or ask the subscriber for another address"
                )
                raise StoppedError(Outcome(DeliveryState.FAILED, reason))
            command += " SMTPUTF8"
        return command.encode() + b"\r\n"


def _require(reply: Reply, *first_digits: int) -> None:
    if reply.code // 100 not in first_digits or reply.code == SERVICE_CLOSING:
        raise BrokenConnectionError(outcome_of_reply(Phase.MAIL, *reply))


def _rcpt_command(mail: Mail) -> bytes:
    return b"RCPT TO:<%b>\r\n" % mail.envelope.recipient.encode()


def _is_refusal(reply: Reply) -> bool:
    """Return whether a reply is a refusal after which the connection can be used for other mails."""
    return 400 <= reply.code < 600 and reply.code != SERVICE_CLOSING


def is_writable(envelope: Envelope) -> bool:
    """Return whether SMTP can carry an envelope's addresses at all."""
    return not _NOT_IN_AN_ADDRESS.search(envelope.sender + envelope.recipient)


def dot_stuffed(content: bytes) -> bytes:
    """Return `content` as DATA carries it (RFC 5321, section 4.5.2), without the final dot.

    A bare CR or LF becomes CRLF. Some relays would take a dot between two bare line ends for the end of the message,
    and what follows for commands (SMTP smuggling).
    """
    if not content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        content = _LINE_END.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
