"""Write the headers of mails.

Their format is that of RFC 5322, with encoded words (RFC 2047). Some lines follow standards of their own:
List-Unsubscribe and List-Post (RFC 2369), List-Id (RFC 2919), Auto-Submitted (RFC 3834), and List-Unsubscribe-Post
(RFC 8058).
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, formataddr, parseaddr
from email.utils import quote as escape_quotes
from functools import lru_cache
from typing import NamedTuple

from notifier.digests.settings import DigestSettings
from notifier.errors import ComposeError, ConfigError
from notifier.models import Alert, Digest, Notice
from notifier.signing import LinkSigner
from notifier.text.addresses import ascii_address, recipient_address
from notifier.text.harmless import inert

LONGEST_LINE = 998  # octets without CRLF: RFC 5322, section 2.1.1
USUAL_LINE = 78  # octets without CRLF; longer lines are folded if possible: the same section
# An encoded word holds at most this many bytes of UTF-8, so that it fits in a line of 76 characters together with the
# name of its header (RFC 2047, section 2).
ENCODED_BYTES = 39

_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
# Lines that are valid as they are; all others are checked, folded and encoded one by one.
_USUAL_SUBSCRIBER_LINES = re.compile(
    r"To: [!-~]{1,900}\r\nMessage-ID: <[!-;=?A-~]{1,400}@[!-;=?A-~]{1,400}>\r\nList-Unsubscribe: [ -~]{1,900}\r\n"
)
_FOLDED_ASCII = re.compile(r"[ -~]+(?:\r\n [ -~]+)*")

_ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_LINES_OF_NOTICES = b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
_LINES_OF_DIGESTS = (
    b"List-Post: NO\r\n"  # RFC 2369, section 3.4: nobody posts to this list
    b"Precedence: bulk\r\n" + _LINES_OF_NOTICES
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings(DigestSettings):
    """The settings of the headers, besides those of digests.

    `sender` is the From header (`Daily Papers <papers@example.org>`), `envelope_sender` the address that bounces go to,
    and `unsubscribe_mailbox` the address for requests to unsubscribe. `link_signer` signs the links to pages; it is
    None if mails hold no such links. `key` signs the subject of requests to unsubscribe by mail; without it, they are
    not signed.
    """

    sender: str
    envelope_sender: str
    unsubscribe_mailbox: str
    link_signer: LinkSigner | None = None
    key: bytes = field(default=b"", repr=False)


class UnsubscribeLinks(NamedTuple):
    """The links that end all mail to a subscriber: a mailto, and a page, which is empty if there is none."""

    mailto: str
    page: str


def check_settings(settings: MailSettings) -> None:
    """Check that the settings can be written into headers and envelopes.

    Raises ConfigError if they cannot. ComposeError would be about one mail, but these settings are wrong for all mails.
    """
    try:
        # The subject is not known yet. The brand takes its place, because many subjects contain the brand.
        _shared_lines(0, settings.brand, settings.sender, settings.brand, one_click=False)
        ascii_address(settings.envelope_sender)
        ascii_address(settings.unsubscribe_mailbox)
    except ComposeError:
        cure = "write Name <address@example.org> and bounces@example.org, short and without control characters"
        raise ConfigError(f"mail.sender or mail.envelope cannot be written into a mail; {cure}") from None


def header_lines(digest: Digest, links: UnsubscribeLinks, settings: MailSettings) -> bytes:
    """Return all lines of the header except those about the body; each ends with CRLF.

    Raises ComposeError if a value cannot be written into the header. For example, it holds control characters, needs a
    line of more than 998 octets, or is a time without a time zone.
    """
    if digest.planned_at.tzinfo is None:
        raise ComposeError(f"the digest's time {digest.planned_at} has no time zone; plan it in UTC")
    timestamp = int(digest.planned_at.timestamp())  # an integer is hashed faster than a datetime
    one_click = bool(links.page and settings.link_signer and settings.link_signer.allows_one_click)
    before, after = _shared_lines(timestamp, digest.subject, settings.sender, settings.brand, one_click)
    return before + _subscriber_lines(digest, links, one_click=one_click) + after


def notice_header_lines(notice: Notice | Alert, settings: MailSettings) -> bytes:
    """Return the lines of the header of a notice or an alert, as `header_lines` does.

    A notice answers a request and belongs to no list, so it has no List-* lines. It is not marked as bulk mail, because
    large mail providers demand List-Unsubscribe in bulk mail. Raises the same errors as `header_lines`.
    """
    lines = (
        _line("Date", format_datetime(notice.planned_at.astimezone(UTC))),
        _line("From", _mailbox("From", settings.sender)),
        _line("Subject", _text("Subject", notice.subject)),
        _line("To", ascii_address(notice.recipient)),
        _line("Message-ID", _message_id(notice.message_id)),
    )
    return b"".join(lines) + _LINES_OF_NOTICES


def _subscriber_lines(digest: Digest, links: UnsubscribeLinks, *, one_click: bool) -> bytes:
    """Return the lines To, Message-ID and List-Unsubscribe.

    List-Unsubscribe holds the mailto (RFC 2369, section 3.2), and with `one_click` also the page (RFC 8058).
    """
    unsubscribe = f"<{links.page}>, <{links.mailto}>" if one_click else f"<{links.mailto}>"
    address, message_id = recipient_address(digest.recipient), digest.message_id
    lines = f"To: {address}\r\nMessage-ID: {message_id}\r\nList-Unsubscribe: {unsubscribe}\r\n"
    if _USUAL_SUBSCRIBER_LINES.fullmatch(lines):
        return lines.encode()
    return (
        _recipient_line(address) + _line("Message-ID", _message_id(message_id)) + _line("List-Unsubscribe", unsubscribe)
    )


def _recipient_line(address: str) -> bytes:
    """Return the line To; an address with letters beyond ASCII is written in UTF-8 (RFC 6532, section 3.2)."""
    if address.isascii():
        return _line("To", address)
    line = f"To: {address}".encode()
    if len(line) > LONGEST_LINE:
        raise ComposeError("the recipient's address is too long for a header; shorten it")
    return line + b"\r\n"


@lru_cache(64)
def _shared_lines(timestamp: int, subject: str, sender: str, brand: str, one_click: bool) -> tuple[bytes, bytes]:
    """Return the lines that the mails of one period share: those before the subscriber's lines, and those after."""
    before = (
        _line("Date", format_datetime(datetime.fromtimestamp(timestamp, UTC))),
        _line("From", _mailbox("From", sender)),
        _line("Subject", _text("Subject", subject)),
        _line("List-Id", _list_id(sender, brand)),
    )
    return b"".join(before), _ONE_CLICK + _LINES_OF_DIGESTS if one_click else _LINES_OF_DIGESTS


def _line(name: str, value: str) -> bytes:
    """Return the header as bytes that end with CRLF; `value` is folded already.

    Raises ComposeError if a line of it is too long or not in ASCII.
    """
    line = f"{name}: {value}"
    longest = len(line) if "\r" not in line else max(map(len, line.split("\r\n")))
    if longest > LONGEST_LINE or not _FOLDED_ASCII.fullmatch(value):
        raise ComposeError(
            f"the header {name} cannot be written in lines of {LONGEST_LINE} ASCII characters; shorten it"
        )
    return f"{line}\r\n".encode("ascii")


def _checked(name: str, value: str) -> str:
    """Return the value. Raises ComposeError if it holds control characters."""
    if value != inert(value):
        raise ComposeError(f"the {name} {inert(value)!r} holds control characters; remove them")
    return value


def _text(name: str, value: str) -> str:
    """Return free text as a header's value (RFC 5322, section 3.6.5)."""
    return _encoded_words(value) if _needs_encoding(_checked(name, value)) else _folded(name, value)


def _folded(name: str, value: str) -> str:
    """Return `value` folded at single spaces, if possible into lines of at most 78 octets (RFC 5322, 2.2.3)."""
    lines = [f"{name}:"]
    for word in re.split(r"(?<=\S) (?=\S)", value):
        if len(lines[-1]) + 1 + len(word) > USUAL_LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines)[len(name) + 2 :]


def _needs_encoding(value: str) -> bool:
    """Return whether text is not plain ASCII, or would be read as encoded words (RFC 2047)."""
    return not value.isascii() or "=?" in value


def _encoded_words(value: str) -> str:
    """Return `value` as encoded words, one on each line of at most 76 characters; no character is split between two."""
    words = [b""]
    for character in value:
        if len(words[-1]) + len(character.encode()) > ENCODED_BYTES:
            words.append(b"")
        words[-1] += character.encode()
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)


def _mailbox(name: str, value: str) -> str:
    """Return a `Name <address>` (RFC 5322, section 3.4), with the name quoted or encoded if necessary."""
    display, address = parseaddr(_checked(name, value))
    if "@" not in address:
        raise ComposeError(f"the {name} {value!r} has no address; write it as Name <address@example.org>")
    if _needs_encoding(display):
        return f"{_encoded_words(display)}\r\n <{ascii_address(address)}>"
    return _folded(name, formataddr((display, ascii_address(address))))


def _list_id(sender: str, brand: str) -> str:
    """Return a List-Id (RFC 2919).

    A name that would need encoded words is left out, because mail filters compare this header without decoding it.
    """
    local, _, domain = ascii_address(parseaddr(sender)[1]).rpartition("@")
    label = re.sub(r"[^A-Za-z0-9]+", "-", local).strip("-") or "papers"
    list_id = f"<{label}.{domain}>"
    name = _checked("list's name", brand)
    if not name or _needs_encoding(name):
        return list_id
    return f'"{escape_quotes(name)}" {list_id}'


def _message_id(value: str) -> str:
    if not _MESSAGE_ID.fullmatch(value):
        _checked("Message-ID", value)
        raise ComposeError(f"{value!r} is not a Message-ID such as <digest.7@example.org>")
    return value
