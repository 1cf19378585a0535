"""A mailbox on an IMAP server (RFC 9051), always with TLS and a checked certificate.

New messages are those above the newest UID that was read. The flag for read messages does not tell which are new,
because a person may open the mailbox too. Only if the mailbox is read for the first time, the messages that are flagged
as unread are read. The server may number the messages
anew, for example if the mailbox was deleted and made again. Then the messages flagged as unread are read, and all that
came since the last time.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from notifier.errors import InboxError, shortened
from notifier.text.harmless import inert

SECONDS = 15  # for each answer of the server
A_DAY = timedelta(days=1)
LONGEST_LITERAL = 4 << 20  # bytes; a server may announce more than there is memory for

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # OpenSSL's errors if a server does not speak TLS
_UID = re.compile(rb"\d+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOT_PRINTABLE_ASCII = re.compile("[^ -~]+")


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """The place of a mailbox on a server, the login, and the certificates to trust instead of the system's."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    mailbox: str = "INBOX"
    starttls: bool = False
    ca_file: Path | None = None
    seconds: float = SECONDS


class _BoundedLiterals:
    """Refuses literals of more than LONGEST_LITERAL bytes, because imaplib would first reserve memory for them."""

    def read(self, size: int) -> bytes:
        if size > LONGEST_LITERAL:
            raise imaplib.IMAP4.abort(f"it announces {size} bytes at once")
        return super().read(size)  # type: ignore[misc,no-any-return]


class _ImapInClear(_BoundedLiterals, imaplib.IMAP4):
    """A connection that begins in clear text."""


class _ImapWithTls(_BoundedLiterals, imaplib.IMAP4_SSL):
    """A connection with TLS from the first byte."""


class ImapMailbox:
    """The new messages of a mailbox, which is open while its `with` block runs.

    At most `largest` bytes of each message are read.

    `uid_validity` and `uid` say up to which message the mailbox was read; they change when messages are marked.
    `read_at` says when it was read.
    """

    def __init__(
        self,
        settings: ImapSettings,
        largest: int,
        uid_validity: int = 0,
        uid: int = 0,
        read_at: datetime | None = None,
    ) -> None:
        self.uid_validity, self.uid = uid_validity, uid
        self._read_at = read_at
        self._settings = settings
        self._largest = largest
        self._newest = 0  # no message that is there now has a higher UID
        self._server: Any = None  # imaplib.IMAP4, whose answers are typed too loosely to be checked

    def __enter__(self) -> Self:
        with self._explained():
            self._server = self._connected()
            try:
                self._log_in()
            except BaseException:
                self._close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, imaplib.IMAP4.error):
            self._server.logout()
        self._close()

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """Yield the new messages with their UIDs, the oldest first. Raises InboxError if they cannot be read."""
        with self._explained():
            uids = self._new_uids()
        for uid in uids:
            with self._explained():
                content = self._content(uid)
            if content is not None:
                yield uid, content
            self.uid = max(self.uid, uid)
        self.uid = max(self.uid, self._newest)

    def count(self) -> int:
        """Return the number of messages in the mailbox, changing nothing. Raises InboxError if it cannot be opened."""
        with self._explained():
            return int(self._select(readonly=True) or 0)

    def mark(self, uid: int, *, needs_hand: bool) -> None:
        """Note that a message was read, and flag it as read unless a person has to look at it."""
        self.uid = max(self.uid, uid)
        if not needs_hand:
            with self._explained():
                self._server.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def _close(self) -> None:
        with suppress(OSError):
            self._server.shutdown()

    def _connected(self) -> Any:
        chosen = self._settings
        context = ssl.create_default_context(cafile=chosen.ca_file)
        if not chosen.starttls:
            return _ImapWithTls(chosen.host, chosen.port, ssl_context=context, timeout=chosen.seconds)
        server = _ImapInClear(chosen.host, chosen.port, timeout=chosen.seconds)
        try:
            server.starttls(context)
        except BaseException:
            server.shutdown()
            raise
        return server

    def _log_in(self) -> None:
        user, password = self._settings.username, self._settings.password
        try:
            if "AUTH=PLAIN" in self._server.capabilities:
                self._server.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            else:
                self._server.login(user, password)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
            raise InboxError(
                f"the IMAP server {self._settings.host} refuses the login of {user}: {self._said(error)}; "
                "correct the user in [mail] inbox, or inbox_password or inbox_password_file"
            ) from None

    def _select(self, *, readonly: bool) -> Any:
        """Open the mailbox, and return the number of its messages as the server has said it."""
        name = self._settings.mailbox
        status, said = self._server.select(_quoted(name), readonly)  # readonly sends EXAMINE
        if status != "OK":
            raise InboxError(f"the IMAP server has no mailbox {name}: {self._said(said[0])}; correct [mail] inbox")
        return said[0]

    def _new_uids(self) -> list[int]:
        self._select(readonly=False)
        validity = self._number("UIDVALIDITY")
        self._newest = self._number("UIDNEXT") - 1
        if validity == self.uid_validity:
            found = self._search("UID", f"{self.uid + 1}:*")
            return [uid for uid in found if uid > self.uid]  # `5:*` includes the newest message even if its UID is 4
        if self.uid_validity and self._read_at:  # a person may have opened new ones
            found = self._search("OR", "UNSEEN", "SINCE", _date(self._read_at - A_DAY))
        else:
            found = self._search("UNSEEN")
        self.uid_validity, self.uid = validity, 0
        return found

    def _search(self, *criteria: str) -> list[int]:
        _, found = self._server.uid("SEARCH", *criteria)
        return sorted(int(each) for line in found if line for each in _UID.findall(line))

    def _content(self, uid: int) -> bytes | None:
        """Return the beginning of a message; None if it was deleted in the meantime."""
        status, found = self._server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{self._largest}>)")
        if status != "OK":
            raise InboxError(
                f"the IMAP server {self._settings.host} does not give the message {uid}: {self._said(found[0])}; "
                "it is tried again, and if it stays so, move this message out of the mailbox"
            )
        bodies = (each for each in found if isinstance(each, tuple) and b"BODY[]" in each[0].upper())
        return next((bytes(each[1]) for each in bodies), None)

    def _number(self, name: str) -> int:
        values = self._server.response(name)[1]
        return int(values[0]) if values and values[0] else 0

    def _said(self, answer: object) -> str:
        """Return what the server has said, without the password."""
        text = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
        if text.startswith(("b'", 'b"')):  # imaplib puts the answer into its errors in this form
            text = text[2:-1]
        password = self._settings.password
        return shortened(inert(text.replace(password, "***") if password else text), 200)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of the connection or of the server into an InboxError with a cure."""
        place = f"the IMAP server {self._settings.host} port {self._settings.port}"
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise InboxError(
                f"the certificate of {place} is not trusted: {error.verify_message}; "
                "correct the host in [mail] inbox, or name the certificates to trust in inbox_ca_file"
            ) from None
        except (OSError, ValueError, imaplib.IMAP4.error) as error:  # ValueError: a malformed number or text
            if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
                raise InboxError(f"{place} begins in clear text; write imap:// in [mail] inbox (STARTTLS)") from None
            reason = self._said(getattr(error, "strerror", None) or error) or type(error).__name__
            raise InboxError(
                f"{place} cannot be read: {reason}; it is tried again, but if this goes on, check the host and port in "
                "[mail] inbox, and that the server runs"
            ) from None


def _quoted(mailbox: str) -> str:
    """Return the name of a mailbox as a quoted string, in the modified UTF-7 of RFC 3501, section 5.1.3."""
    encode: Callable[[re.Match[str]], str] = lambda found: f"&{_base64(found[0])}-"  # noqa: E731
    name = _NOT_PRINTABLE_ASCII.sub(encode, mailbox.replace("&", "&-"))
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _date(at: datetime) -> str:
    """Return a date in the form of an IMAP search. Which time zone the date is in depends on the server."""
    return f"{at.day}-{_MONTHS[at.month - 1]}-{at.year}"


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
