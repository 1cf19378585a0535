"""Read a composed mail, or the body of an event, in order to show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from email.message import EmailMessage

    from notifier.models import Mail


def subject_of(mail: Mail) -> str:
    """Return the subject of a mail, decoded and on one line."""
    return str(_parsed(mail)["Subject"])


def body_of(mail: Mail, kind: Literal["plain", "html"]) -> str:
    """Return the plain text or the HTML of a mail, with LF instead of CRLF as line ends."""
    body = _parsed(mail).get_body((kind,))
    return str(body.get_content()).replace("\r\n", "\n") if body else ""


def pretty_json(content: bytes) -> str:
    """Return the JSON of an event, indented, and in ASCII so that it is safe to print."""
    import json

    return json.dumps(json.loads(content), indent=2)


def _parsed(mail: Mail) -> EmailMessage:
    from email import message_from_bytes, policy
    from email.message import EmailMessage

    return message_from_bytes(mail.content, EmailMessage, policy=policy.default)
