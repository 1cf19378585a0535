"""Run a real SMTP server on loopback that keeps every mail it receives, for `notifier demo` and for tests."""

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
    """An SMTP server on a free port of 127.0.0.1 that writes each mail to a Maildir while its `with` block runs."""

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
        """The port on which the server listens; known only inside the `with` block."""
        return int(self._controller.port)

    @property
    def mails(self) -> tuple[Mail, ...]:
        """Every mail accepted so far, in the order of arrival, once for each of its recipients."""
        return tuple(self._mails)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:  # noqa: ARG002, N802
        """Store a message and return the SMTP reply; aiosmtpd prescribes the name and the arguments."""
        content = envelope.original_content or b""
        message_id = _message_id(content)
        try:
            maildir.write_message(self._folder, message_id, content)
        except OSError as error:
            return f"452 4.3.1 the inbox cannot be written: {error.strerror}"
        for recipient in envelope.rcpt_tos:
            self._mails.append(Mail(Envelope(envelope.mail_from or "", recipient), message_id, content))
        return "250 2.0.0 kept"


class _Controller(Controller):
    """A controller that learns which port the system chose.

    aiosmtpd's own controller connects to the port that it was given, here 0, to see if the server is up.
    """

    def _trigger_server(self) -> None:
        self.port = cast(Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def _message_id(content: bytes) -> str:
    """Return the Message-ID of a message, or an id made from its hash if it has none."""
    stated = BytesHeaderParser().parsebytes(content)["Message-ID"]
    return str(stated).strip() if stated else f"<{sha256(content).hexdigest()[:32]}@localhost>"
