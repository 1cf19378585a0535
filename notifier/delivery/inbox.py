"""A loopback inbox: a real SMTP server that keeps what it is given, for `notifier demo` and for trying things out."""

from __future__ import annotations

from asyncio import Server
from email.parser import BytesHeaderParser
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope

from notifier.delivery import maildir
from notifier.models import Envelope, Mail

HOST = "127.0.0.1"
IDENT = "notifier demo inbox"


class Inbox:
    """An SMTP server on a free port of 127.0.0.1 for as long as the `with` lasts; each mail goes into a Maildir."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mails: list[Mail] = []
        self._controller = _Controller(self, hostname=HOST, port=0, ident=IDENT)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """The port that it listens on, once entered."""
        return int(self._controller.port)

    @property
    def mails(self) -> tuple[Mail, ...]:
        """Every mail accepted so far, in order, as it came over the wire; one for each recipient."""
        return tuple(self._mails)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:  # noqa: ARG002, N802
        """Keep a message; the name and the arguments are aiosmtpd's."""
        content = envelope.original_content or b""
        message_id = _message_id(content)
        try:
            maildir.write(self._folder, message_id, content)
        except OSError as error:
            return f"452 4.3.1 the inbox cannot be written: {error.strerror}"
        for recipient in envelope.rcpt_tos:
            self._mails.append(Mail(Envelope(envelope.mail_from or "", recipient), message_id, content))
        return "250 2.0.0 kept"


class _Controller(Controller):
    """aiosmtpd's own greets itself once to see that it is up, and needs to be told which port the system chose."""

    def _trigger_server(self) -> None:
        self.port = cast(Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def _message_id(content: bytes) -> str:
    """The Message-ID; for a message without one, a name that follows from its bytes."""
    stated = BytesHeaderParser().parsebytes(content)["Message-ID"]
    return str(stated).strip() if stated else f"<{sha256(content).hexdigest()[:32]}@localhost>"
