"""Read the messages of a Maildir, in order to show them. A message may come from anybody, and hold anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path

FOLDERS = ("new", "cur")
KEY_LENGTH = 16  # characters of a file's name that identify its message; see delivery.maildir.file_name

# `[^<>]` instead of `[^>]`, so that the search takes linear time even if the text repeats `<head`.
_HEAD = re.compile(r"<head(?:\s[^<>]*+)?>", re.IGNORECASE)
_URL = re.compile(r"(https?://[^\s<>\"]++)")
_NEW_TAB = '<base target="_blank">'


@dataclass(frozen=True, slots=True)
class Heading:
    """The line of a message in the list; `date` is as the sender wrote it, and `key` names the message in URLs."""

    key: str
    sender: str
    recipient: str
    subject: str
    date: str


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message; a part that it does not have is empty."""

    heading: Heading
    text: str
    html: str


def headings(folder: Path) -> Sequence[Heading]:
    """Return the headings of all messages in a Maildir, the one that arrived last first."""
    return [_heading(_key(file), file.read_bytes()) for file in sorted(_files(folder), key=_arrival, reverse=True)]


def message(folder: Path, key: str) -> Message | None:
    """Return the message with this key, or None if there is none."""
    file = next((each for each in _files(folder) if _key(each) == key), None)
    if file is None:
        return None
    content = file.read_bytes()
    parsed = message_from_bytes(content, EmailMessage, policy=policy.default)
    return Message(_heading(key, content), _body(parsed, "plain"), _body(parsed, "html"))


def in_new_tabs(html: str) -> str:
    """Return a page whose links open in a new tab, because most pages refuse to be shown inside of a frame."""
    head = _HEAD.search(html)
    place = head.end() if head else 0
    return f"{html[:place]}{_NEW_TAB}{html[place:]}"


def split_at_urls(text: str) -> Sequence[tuple[str, bool]]:
    """Return the pieces of a text, each with whether it is a URL."""
    return [(piece, bool(number % 2)) for number, piece in enumerate(_URL.split(text)) if piece]


def _files(folder: Path) -> list[Path]:
    return [file for part in FOLDERS if (folder / part).is_dir() for file in (folder / part).iterdir()]


def _key(file: Path) -> str:
    return file.name[:KEY_LENGTH]


def _arrival(file: Path) -> tuple[int, str]:
    return file.stat().st_mtime_ns, file.name


def _heading(key: str, content: bytes) -> Heading:
    head = BytesHeaderParser(policy=policy.default).parsebytes(content)
    sender, recipient, subject, date = (str(head[name] or "") for name in ("From", "To", "Subject", "Date"))
    return Heading(key, sender, recipient, subject, date)


def _body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    content = part.get_payload(decode=True) if part else b""
    if not part or not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that Python does not know
        return content.decode("utf-8", "replace")
