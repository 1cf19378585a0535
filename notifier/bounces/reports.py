"""Delivery status notifications (RFC 3464, and RFC 5337 and 6533 for addresses in UTF-8)."""

from __future__ import annotations

import re
from typing import NamedTuple

from notifier.bounces.mime import Part, body_of, read_fields, text_of, with_line_feeds
from notifier.errors import shortened
from notifier.models import ReturnedKind
from notifier.text.refusals import is_about_recipient

STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
MOST_RECIPIENTS = 50
LONGEST_ANSWER = 2000  # characters

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_BASIC_CODE = re.compile(r"(?:^|(?<=\s)|(?<=['\"]))[45]\d\d[ -]+(?=#?[45]\.\d|[^\W\d])")
_TYPE = re.compile(r"\A\s*+[\w-]{1,30}\s?;\s*+")  # of a diagnostic code or an address
_EMPTY_LINE = re.compile(rb"\n[ \t]*+\n")
_UTF8_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")


class Failure(NamedTuple):
    """What a mail server says about a mail to a recipient: HARD, SOFT or DELAYED, and its answer in one line."""

    kind: ReturnedKind
    answer: str


def is_report(message: Part) -> bool:
    """Return whether a message has a part that reports about a delivery."""
    return any(part.content_type in STATUS_TYPES for part in message.walk())


def failure_in_report(message: Part, sender: str = "") -> Failure | None:
    """Return what a notification reports; None if it reports no failure and no delay, as after a delivery.

    Each of our mails has one recipient. So if the report names several, the mail was forwarded to them. If only some of
    them have failed, the failure does not count as hard.
    """
    report = next(part for part in message.walk() if part.content_type in STATUS_TYPES)
    groups = _EMPTY_LINE.split(with_line_feeds(body_of(report)), MOST_RECIPIENTS + 1)
    read = [dict(read_fields(group)) for group in groups[: MOST_RECIPIENTS + 1]]
    recipients = [fields for fields in read if "action" in fields or "status" in fields]
    told = [_failure(fields, message, sender) for fields in recipients]
    failures = [each for each in told if each]
    hard = [each for each in failures if each.kind is ReturnedKind.HARD]
    if hard and len(hard) < len(told):
        return Failure(ReturnedKind.SOFT, hard[0].answer)
    final = [each for each in failures if each.kind is not ReturnedKind.DELAYED]
    return next(iter(hard or final or failures), None)


def judged(status: str, answer: str, sender: str = "") -> Failure:
    """Return the failure that a final answer means: hard only if it clearly blames the recipient.

    The rule is the same as for the answers of our relay. A failure with a status of class 4 is not hard: the server has
    only given up after days of trying.
    """
    told = f"{status}\n{_BASIC_CODE.sub(chr(10), answer)}"
    line = " ".join(f"{status if status not in answer else ''} {answer}".split())
    is_temporary = status.startswith("4.") or answer.lstrip().startswith("4")
    is_hard = not is_temporary and is_about_recipient(told, sender)
    return Failure(ReturnedKind.HARD if is_hard else ReturnedKind.SOFT, shortened(line))


def recipient_of(fields: dict[str, str]) -> str:
    """Return the address that a group of fields is about; an address of the type `utf-8` is decoded (RFC 6533)."""
    value = fields.get("final-recipient") or fields.get("original-recipient") or ""
    return _UTF8_ESCAPE.sub(_escaped, _TYPE.sub("", value, count=1)).strip("<> ")


def _escaped(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def _failure(fields: dict[str, str], message: Part, sender: str) -> Failure | None:
    found = _STATUS.search(fields.get("status", ""))
    status = found[0] if found else ""
    action = fields.get("action", "failed" if status.startswith("5") else "delayed" if status else "").lower()
    answer = _TYPE.sub("", fields.get("diagnostic-code", ""), count=1) or _explanation(message, recipient_of(fields))
    if action.startswith("delayed"):
        return Failure(ReturnedKind.DELAYED, judged(status, answer).answer)
    if action.startswith(("fail", "error")):
        return judged(status, answer[:LONGEST_ANSWER], sender)
    return None


def _explanation(message: Part, recipient: str) -> str:
    """Return what the text of a notification says about a recipient; empty if it does not name them."""
    text = next((text_of(part) for part in message.walk() if part.content_type == "text/plain"), "")
    return told_about(text, recipient)


def told_about(text: str, recipient: str) -> str:
    """Return the text that comes after the recipient in a notification, up to the first empty line in that text."""
    at = text.find(recipient) if recipient else -1
    if at < 0:
        return ""
    lines = text[at + len(recipient) : at + len(recipient) + LONGEST_ANSWER].strip(" \t\n>:;,'\")").splitlines()
    end = next((number for number, line in enumerate(lines) if not line.strip() or line.startswith("--")), len(lines))
    return " ".join(line.strip() for line in lines[:end])
