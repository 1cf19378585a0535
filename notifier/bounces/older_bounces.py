"""Read the returned messages of mail servers that follow no standard, such as qmail; flufl.bounce knows their forms."""

from __future__ import annotations

import logging
import re
from email.message import Message

from notifier.bounces.mime import Part, decoded, text_of
from notifier.bounces.reports import LONGEST_ANSWER, Failure, judged, told_about
from notifier.errors import shortened
from notifier.models import ReturnedKind

# flufl.bounce tries many patterns on each line, some of which take time that grows with the square of its length.
MOST_LINES = 150
LONGEST_LINE = 200  # characters
MOST_PARTS = 8

_CODE = re.compile(r"(?<![\d.])(?:[45]\d\d[ -]|#?[45]\.\d{1,3}\.\d{1,3}\b)")
_SYSTEMS = re.compile(
    r"\A[^@]*?\b(?:mailer[-_]?daemon|mail[-_]?daemon|postmaster|mail[-_]delivery[-_]sub ?system|double-bounce|mmdf|uucp"
    r"|mdaemon|smtpd?)\b",
    re.IGNORECASE,
)
# Words of a subject by which a mail server says that it has given up.
_GIVEN_UP = re.compile(
    r"\b(?:undeliver\w{0,10}|non-?deliver\w{0,5}|not delivered|returned mail|failure notice|permanent delivery"
    r"|(?:delivery|mail|message) (?:\w{1,20} ){0,2}(?:fail\w{0,5}|error)|unzustellbar\w{0,3}|non remis\w?|退信)\b",
    re.IGNORECASE,
)
_DELAY = re.compile(r"\b(?:delay\w{0,3}|warning|verzögert\w{0,2})\b", re.IGNORECASE)


def is_from_mail_system(message: Part) -> bool:
    """Return whether a message comes from a mail server: its return path is empty, or its sender is a mailer daemon."""
    return message.get("return-path") == "<>" or bool(_SYSTEMS.match(message.get("from")[:LONGEST_LINE]))


def older_failure(message: Part, sender: str = "") -> Failure | None:
    """Return what a returned message says; None if flufl.bounce does not recognise it."""
    from flufl.bounce import all_failures  # noqa: PLC0415 - most messages do not need it

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs each detector that it tries
    delayed, failed = all_failures(_as_python_message(message, MOST_PARTS))
    if failed:
        return _judged(message, sorted(failed)[0].decode(errors="replace"), sender)
    if delayed:
        recipient = sorted(delayed)[0].decode(errors="replace")
        return Failure(ReturnedKind.DELAYED, _judged(message, recipient, sender).answer)
    return None


def unknown_failure(message: Part) -> Failure | None:
    """Return a soft failure for a message in an unknown form, if it is from a mail server that has given up."""
    subject = " ".join(decoded(message.get("subject")).split())[:LONGEST_LINE]
    is_system = bool(_SYSTEMS.match(message.get("from")[:LONGEST_LINE]))
    if not is_system or not _GIVEN_UP.search(subject) or _DELAY.search(subject):
        return None
    return Failure(ReturnedKind.SOFT, shortened(subject))


def _judged(message: Part, recipient: str, sender: str) -> Failure:
    text = "\n".join(text_of(part) for part in message.walk() if part.content_type == "text/plain")
    near = told_about(text, recipient)
    code = _CODE.search(near) or _CODE.search(text[:LONGEST_ANSWER])
    if code is None:
        return judged("", near or "no reason is given", sender)
    told = near if code.string is near else text
    # qmail writes the code after the reason, as in `... (#5.1.1)`, so the answer begins before the code.
    start = 0 if told is near and code[0].startswith("#") else code.start()
    return judged("", " ".join(told[start : start + LONGEST_ANSWER].split("\n\n")[0].split()), sender)


def _as_python_message(part: Part, parts: int) -> Message:
    """Return the beginning of a message in the form that flufl.bounce takes."""
    message = Message()
    for name, value in part.fields[:50]:
        if name not in ("content-type", "content-transfer-encoding"):
            message[name] = value[:LONGEST_LINE].replace("\r", " ")
    if part.parts and parts:
        message["content-type"] = part.content_type
        message.set_payload([_as_python_message(each, parts // 2) for each in part.parts[:parts]])
    else:
        message["content-type"] = part.content_type if part.content_type.startswith("text/") else "text/plain"
        lines = text_of(part).splitlines()[:MOST_LINES]
        message.set_payload("\n".join(line[:LONGEST_LINE] for line in lines))
    return message
