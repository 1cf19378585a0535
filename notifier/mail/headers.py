"""The header of a digest's mail: RFC 5322, 2047, 2369, 2919, 3834 and 8058."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, formataddr, parseaddr
from email.utils import quote as escape_quotes
from functools import lru_cache
from typing import NamedTuple

import idna

from notifier.errors import ComposeError
from notifier.models import Digest
from notifier.signing import LinkSigner
from notifier.text.harmless import inert

LONGEST_LINE = 998  # octets without CRLF: RFC 5322, section 2.1.1
USUAL_LINE = 78  # where it can be folded
ENCODED_BYTES = 39  # of UTF-8 in an encoded word: it fits in a line of 76 beside a header's name (RFC 2047, section 2)

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9.-]+|\[[A-Za-z0-9.:]+\])")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_USUAL_OWN_LINES = re.compile(
    r"To: [!-~]{1,900}\r\nMessage-ID: <[!-;=?A-~]{1,400}@[!-;=?A-~]{1,400}>\r\nList-Unsubscribe: [ -~]{1,900}\r\n"
)
_FOLDED_ASCII = re.compile(r"[ -~]+(?:\r\n [ -~]+)*")

_ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_SAME_IN_ALL = (
    b"List-Post: NO\r\n"  # RFC 2369, section 3.4: readers cannot post to this list
    b"Precedence: bulk\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
)


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Who the mails are from.

    `sender` is the From header (`Daily Papers <papers@example.org>`), `envelope_sender` the address that bounces go to,
    `unsubscribe` the mailbox that reads who wants to leave, `brand` the list's name. `pages` is None where the mails
    hold no links to pages.
    """

    sender: str
    envelope_sender: str
    unsubscribe: str
    brand: str = "Daily Papers"
    pages: LinkSigner | None = None


class WaysOut(NamedTuple):
    """How a mail's reader leaves altogether: by a mailto, and by a page, which is empty where there is none."""

    url: str
    page: str


def header_lines(digest: Digest, out: WaysOut, settings: MailSettings) -> bytes:
    """Every header line but those of the body, with CRLF ends.

    Raises ComposeError for a value with control characters or with a line beyond 998 octets.
    """
    if digest.planned_at.tzinfo is None:
        raise ComposeError(f"the digest's time {digest.planned_at} has no time zone; plan it in UTC")
    second = int(digest.planned_at.timestamp())  # of a time itself the hash would be worked out for every row
    one_click = bool(out.page and settings.pages and settings.pages.allow_one_click)
    of_many, end = _lines_of_many(second, digest.subject, settings.sender, settings.brand, one_click)
    return of_many + _own_lines(digest, out, one_click=one_click) + end


def _own_lines(digest: Digest, out: WaysOut, *, one_click: bool) -> bytes:
    """Who this mail is for, its id, and how to leave: RFC 8058, and by mail RFC 2369, section 3.2."""
    ways = f"<{out.page}>, <{out.url}>" if one_click else f"<{out.url}>"
    address, message_id = ascii_address(digest.recipient), digest.message_id
    lines = f"To: {address}\r\nMessage-ID: {message_id}\r\nList-Unsubscribe: {ways}\r\n"
    if _USUAL_OWN_LINES.fullmatch(lines):
        return lines.encode()
    own = _line("To", address), _line("Message-ID", _message_id(message_id)), _line("List-Unsubscribe", ways)
    return b"".join(own)


@lru_cache(64)  # a mail needs its reader's thrice, and every mail its sender's
def ascii_address(address: str) -> str:
    """An address as it travels: an international domain by IDNA 2008. Raises ComposeError where it cannot."""
    return address if _ADDRESS.fullmatch(address) else _travelling(address)


def _travelling(address: str) -> str:
    local, _, domain = _checked("address", address).rpartition("@")
    try:
        travelling = f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise ComposeError(f"no mail can go to or from {address!r}: its domain is none ({error})") from None
    if not _ADDRESS.fullmatch(travelling):
        raise ComposeError(f"no mail can go to or from {address!r}: write an address such as name@example.org")
    return travelling


@lru_cache(64)
def _lines_of_many(second: int, subject: str, sender: str, brand: str, one_click: bool) -> tuple[bytes, bytes]:
    """What the mails of one period have in common: the lines before a mail's own, and those after them."""
    before = (
        _line("Date", format_datetime(datetime.fromtimestamp(second, UTC))),
        _line("From", _mailbox("From", sender)),
        _line("Subject", _text("Subject", subject)),
        _line("List-Id", _list_id(sender, brand)),
    )
    return b"".join(before), _ONE_CLICK + _SAME_IN_ALL if one_click else _SAME_IN_ALL


def _line(name: str, value: str) -> bytes:
    line = f"{name}: {value}"
    longest = len(line) if "\r" not in line else max(map(len, line.split("\r\n")))
    if longest > LONGEST_LINE or not _FOLDED_ASCII.fullmatch(value):
        raise ComposeError(f"the header {name} cannot be written in lines of {LONGEST_LINE} ASCII letters; shorten it")
    return f"{line}\r\n".encode("ascii")


def _checked(name: str, value: str) -> str:
    if value != inert(value):
        raise ComposeError(f"the {name} {inert(value)!r} holds control characters; remove them")
    return value


def _text(name: str, value: str) -> str:
    """Free text (RFC 5322, section 3.6.5)."""
    return _encoded_words(value) if _needs_encoding(_checked(name, value)) else _folded(name, value)


def _folded(name: str, value: str) -> str:
    """`value` in lines of at most 78 octets, where single spaces allow it (RFC 5322, section 2.2.3)."""
    lines = [f"{name}:"]
    for word in re.split(r"(?<=\S) (?=\S)", value):
        if len(lines[-1]) + 1 + len(word) > USUAL_LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines)[len(name) + 2 :]


def _needs_encoding(value: str) -> bool:
    """Whether text is not plain ASCII, or would be read as encoded words (RFC 2047)."""
    return not value.isascii() or "=?" in value


def _encoded_words(value: str) -> str:
    """`value` as words of at most 75 characters, each of whole letters, in lines of at most 76."""
    words = [b""]
    for letter in value:
        if len(words[-1]) + len(letter.encode()) > ENCODED_BYTES:
            words.append(b"")
        words[-1] += letter.encode()
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)


def _mailbox(name: str, value: str) -> str:
    """A `Name <address>` (RFC 5322, section 3.4), the name quoted or encoded as it needs."""
    display, address = parseaddr(_checked(name, value))
    if "@" not in address:
        raise ComposeError(f"the {name} {value!r} has no address; write it as Name <address@example.org>")
    if _needs_encoding(display):
        return f"{_encoded_words(display)}\r\n <{ascii_address(address)}>"
    return _folded(name, formataddr((display, ascii_address(address))))


def _list_id(sender: str, brand: str) -> str:
    """RFC 2919; a name that would need encoded words is left out, since filters compare this header as it stands."""
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
