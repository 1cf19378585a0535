"""One open connection to the relay: which phase each mail on it had reached is never in doubt here.

Where the relay offers PIPELINING (RFC 2920), an envelope is one write: MAIL, RCPT and DATA; and a message goes out with
the next mail's envelope behind its final dot, so that a mail costs one round trip. Else each command waits for its
reply.
"""

from __future__ import annotations

import asyncio
import re

from notifier.delivery.outcomes import SERVICE_CLOSING, Outcome, Phase, judge, lost
from notifier.delivery.smtp.opening import BrokenConnectionError, StoppedError
from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.smtp.replies import Reply
from notifier.delivery.smtp.wire import Wire
from notifier.delivery.transport import CANCELLED, Following, StillWanted, Timeouts
from notifier.models import DeliveryState, Envelope, Mail

COMPLETED, GO_AHEAD = 2, 3  # the first digits of a yes, the second to DATA: RFC 5321, section 4.2.1
BLOCK = 1 << 16  # bytes of a message between two looks at the clock

_LINE_END = re.compile(rb"\r\n|\n|\r")
_NOT_IN_AN_ADDRESS = re.compile(r"[\s<>\x00-\x1f\x7f]")  # would end the address, or the command


class Connection:
    """Greeted, encrypted and logged in; carries one mail after the other, and the next one's envelope ahead.

    After BrokenConnectionError or a cancellation it must be aborted: later replies would be paired with the wrong
    commands.
    """

    def __init__(self, wire: Wire, offers: frozenset[str], timeouts: Timeouts, manners: PipeliningTrust) -> None:
        self._wire = wire
        self._offers = offers
        self._timeouts = timeouts
        self._patience = {Phase.DATA: timeouts.data, Phase.DOT: timeouts.dot}
        self._manners = manners
        self._ahead: Mail | None = None  # whose envelope is written while another mail is under way
        self._together = False  # the envelope under way was written as a whole
        self._unanswered: list[Phase] = []  # of a refused envelope
        self._envelope_open = False

    def took_mail(self, mail: Mail) -> bool:
        """Whether MAIL was written ahead for `mail` and accepted, which is taken then: `begin` has nothing to do."""
        return self._ahead is mail and self._wire.took(COMPLETED)

    async def begin(self, mail: Mail, still_wanted: StillWanted) -> None:
        """Have MAIL accepted for `mail`; raises AttemptError."""
        if self._ahead is not mail:
            await self._write_envelope(mail, still_wanted)
        await self._accepted(Phase.MAIL)

    async def finish(self, mail: Mail, following: Following) -> Outcome:
        """Bring a mail whose MAIL was accepted to its end; raises AttemptError where it is not accepted.

        `following` gives the mail whose envelope may go along; see Transport.
        """
        if not self._together:
            self._wire.write(_rcpt(mail))
        if not self._wire.took(COMPLETED):
            await self._accepted(Phase.RCPT)
        if not self._together:
            self._wire.write(b"DATA\r\n")
        if not self._wire.took(GO_AHEAD):
            await self._accepted(Phase.DATA)
        if self._ahead is mail:
            self._manners.record_success()
        self._ahead = None
        await self._write_message(mail, following)
        reply = await self._accepted(Phase.DOT)
        self._envelope_open = self._ahead is not None
        return judge(Phase.DOT, *reply)

    async def quit(self) -> None:
        """Part politely, unless a mail is under way; what the relay says to that no longer matters."""
        if self._ahead is None and not self._unanswered:
            self._wire.write(b"QUIT\r\n")
            await self._reply(Phase.CONNECT, self._timeouts.goodbye)

    def abort(self) -> None:
        """Close at once, without flushing what is still to be written."""
        self._wire.abort()

    async def _write_envelope(self, mail: Mail, still_wanted: StillWanted) -> None:
        """Write all of an envelope where the relay can take it, else MAIL."""
        await self._clear()
        if self._ahead is not None or self._wire.has_reply or self._wire.is_lost:
            raise BrokenConnectionError(lost(Phase.MAIL, "the connection is not where the next mail could begin"))
        command = self._mail(mail)
        self._together = self._pipelines
        if not await still_wanted():
            raise StoppedError(CANCELLED)
        self._envelope_open = True
        self._wire.write(command + _rcpt(mail) + b"DATA\r\n" if self._together else command)

    async def _clear(self) -> None:
        """End a refused envelope; a relay that answers anything but yes may be answering something else."""
        while self._unanswered:
            await self._hear_out(self._unanswered.pop(0))
        if self._envelope_open and self._ahead is None:
            self._wire.write(b"RSET\r\n")
            _expect(await self._reply(Phase.MAIL, self._timeouts.command), COMPLETED)
            self._envelope_open = False

    async def _hear_out(self, phase: Phase) -> None:
        """Take a reply that can no longer change a mail's fate.

        RFC 2920, section 3.1: where the relay asks for the message all the same, all that it gets is the final dot. One
        that took the recipient after it had refused the sender would take that for a message: it gets nothing more.
        """
        reply = await self._reply(phase, self._patience.get(phase, self._timeouts.command))
        if phase is Phase.DATA and reply.code // 100 == GO_AHEAD:
            self._wire.write(b".\r\n")
            reply = await self._reply(Phase.MAIL, self._timeouts.dot)
        _expect(reply, 4, 5)

    async def _write_message(self, mail: Mail, following: Following) -> None:
        """Write the message, its final dot, and the next envelope.

        Until the dot is given to the socket the relay cannot have the message, and losing it means another try; from
        then on it may have it, whatever becomes of the connection.
        """
        content = mail.content if mail.is_wire_form else dot_stuffed(mail.content)
        if len(content) > BLOCK:
            content = await self._write_blocks(content)
        if not self._manners.is_proven:
            await asyncio.sleep(0)  # a relay that hung up with its 354 is seen now, while it is still certain
        if self._wire.has_reply or self._wire.is_lost:
            reply = await self._reply(Phase.CONTENT, self._timeouts.block)
            raise BrokenConnectionError(judge(Phase.CONTENT, *reply))  # rather than the broken pipe that follows it
        ahead = await self._envelope_ahead(following)
        self._wire.write(b"".join((content, b".\r\n", ahead)))

    async def _write_blocks(self, content: bytes) -> bytes:
        """Write all of a message but its last block, which is returned; ends early where a reply comes."""
        start = 0
        try:
            while len(content) - start > BLOCK and not self._wire.has_reply:
                self._wire.write(content[start : start + BLOCK])
                start += BLOCK
                await self._wire.room(self._timeouts.block)
        except OSError as trouble:
            raise BrokenConnectionError(lost(Phase.CONTENT, str(trouble))) from trouble
        return content[start:]

    async def _envelope_ahead(self, following: Following) -> bytes:
        """The next mail's envelope, if there is such a mail and it may go along."""
        self._ahead = None
        if not self._pipelines or (handed := following()) is None:
            return b""
        mail, still_wanted = handed
        if not is_writable(mail.envelope) or not self._bears(mail) or not await still_wanted():
            return b""
        self._ahead, self._together = mail, True
        return self._mail(mail) + _rcpt(mail) + b"DATA\r\n"

    @property
    def _pipelines(self) -> bool:
        return "pipelining" in self._offers and self._manners.may_pipeline

    async def _accepted(self, phase: Phase) -> Reply:
        """The relay's yes at this phase; a 4xx or 5xx ends the mail alone, anything else the connection too."""
        reply = await self._reply(phase, self._patience.get(phase, self._timeouts.command))
        if reply.code // 100 == (GO_AHEAD if phase is Phase.DATA else COMPLETED):
            return reply
        if self._is_out_of_step(phase) and self._manners.blames_pipelining(reply):
            raise self._broken(phase, f"{reply.code} {reply.text}")
        outcome = judge(phase, *reply)
        if not _is_refusal(reply):
            if reply.code != SERVICE_CLOSING and self._is_out_of_step(phase):
                self._manners.record_failure()
            raise BrokenConnectionError(outcome)
        if phase < Phase.DOT:
            self._ahead = None
            self._unanswered = [each for each in (Phase.RCPT, Phase.DATA) if self._together and each > phase]
        raise StoppedError(outcome)

    async def _reply(self, phase: Phase, patience: float) -> Reply:
        try:
            return await self._wire.reply(patience)
        except OSError as trouble:
            raise self._broken(phase, str(trouble)) from trouble

    def _broken(self, phase: Phase, trouble: str) -> BrokenConnectionError:
        if self._is_out_of_step(phase):
            self._manners.record_failure()
        return BrokenConnectionError(lost(phase, trouble))

    def _is_out_of_step(self, phase: Phase) -> bool:
        """Whether trouble at this phase may come of what was written together."""
        return self._together if phase < Phase.CONTENT else self._ahead is not None

    def _bears(self, mail: Mail) -> bool:
        return "smtputf8" in self._offers or (mail.envelope.sender + mail.envelope.recipient).isascii()

    def _mail(self, mail: Mail) -> bytes:
        """MAIL, with RFC 1870, RFC 6152 and, for an address beyond ASCII only, RFC 6531."""
        envelope = mail.envelope
        command = f"MAIL FROM:<{envelope.sender}>"
        if "size" in self._offers:
            command += f" SIZE={len(mail.content)}"
        if "8bitmime" in self._offers and not (mail.is_wire_form or mail.content.isascii()):
            command += " BODY=8BITMIME"
        if not (envelope.sender + envelope.recipient).isascii():
            if not self._bears(mail):
                reason = "the relay takes no address beyond ASCII (it does not offer SMTPUTF8)"
                raise StoppedError(Outcome(DeliveryState.FAILED, reason))
            command += " SMTPUTF8"
        return command.encode() + b"\r\n"


def _expect(reply: Reply, *classes: int) -> None:
    if reply.code // 100 not in classes or reply.code == SERVICE_CLOSING:
        raise BrokenConnectionError(judge(Phase.MAIL, *reply))


def _rcpt(mail: Mail) -> bytes:
    return b"RCPT TO:<%b>\r\n" % mail.envelope.recipient.encode()


def _is_refusal(reply: Reply) -> bool:
    """Whether relay and client still speak of the same after a reply that is no yes."""
    return 400 <= reply.code < 600 and reply.code != SERVICE_CLOSING


def is_writable(envelope: Envelope) -> bool:
    """Whether an envelope's addresses can be written in SMTP at all."""
    return not _NOT_IN_AN_ADDRESS.search(envelope.sender + envelope.recipient)


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
