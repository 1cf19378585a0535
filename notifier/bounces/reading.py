"""Read one message that came back: from its bytes to the verdict, without a decision about any subscriber."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from email.utils import parseaddr
from hashlib import sha256

from notifier.bounces.complaints import feedback_of, is_complaint
from notifier.bounces.mime import Part, decoded, read_message, text_of
from notifier.bounces.older_bounces import is_from_mail_system, older_failure, unknown_failure
from notifier.bounces.replies import asks_in_subject, asks_to_unsubscribe, is_from_program, own_lines
from notifier.bounces.reports import Failure, failure_in_report, is_report
from notifier.bounces.unsubscribe_words import names_unsubscribing
from notifier.bounces.verdicts import Proofs, Verdict
from notifier.errors import shortened
from notifier.models import ReturnedKind
from notifier.signing import grants_in, returned_deliveries
from notifier.text.harmless import inert

HASHED = 64 << 10  # bytes of the body by which a message is recognised
MOST_ANSWERED = 20  # Message-IDs of the mails that a message answers or returns
LONGEST_SUBJECT, LONGEST_EXCERPT = 150, 500  # characters

# The fields in which mail servers keep the address that a message was sent to.
_RECIPIENT_FIELDS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
_MESSAGE_ID = re.compile(r"<[^<>@\s]{1,250}@[^<>@\s]{1,250}>")
_MESSAGE_ID_LINE = re.compile(
    rf"^[>\s]{{0,10}}message-id:[ \t]{{0,10}}({_MESSAGE_ID.pattern})", re.IGNORECASE | re.MULTILINE
)


def read(content: bytes, key: bytes, recipients: Sequence[str] = (), sender: str = "") -> Verdict:
    """Return the verdict on a message.

    `key` is the secret key, by which return paths and signed ids are recognised. `recipients` are the addresses that
    the message was delivered to, if the mail server has told them. `sender` is the address of our mails: if the
    answer of a mail server names it, the fault may be the sender's and not the recipient's. No message makes this fail,
    and none takes long.
    """
    try:
        return _verdict(read_message(content), key, recipients, sender)
    except Exception:  # of any kind: a message that is broken in a new way must not block the others
        return Verdict(ReturnedKind.BROKEN, reason="it cannot be read")


def fingerprint(content: bytes) -> str:
    """Return a hash that is the same for all copies of a message, whatever servers have added on their way."""
    message = read_message(content)
    if not message.fields:
        return sha256(content[:HASHED]).hexdigest()
    named = [message.get(name) for name in ("message-id", "date", "from", "subject")]
    body = b"\n".join(line.rstrip() for line in message.body[:HASHED].splitlines())
    return sha256("\n".join(named).encode(errors="replace") + b"\n\n" + body.strip()).hexdigest()


def _verdict(message: Part, key: bytes, recipients: Sequence[str], sender: str) -> Verdict:
    if not message.fields:
        return Verdict(ReturnedKind.BROKEN, reason="it has no header")
    delivered_to = " ".join([*recipients, *message.all(*_RECIPIENT_FIELDS)])
    addressed = _proofs(key, delivered_to)
    if feedback := feedback_of(message):
        return _on_feedback(message, feedback, addressed, key)
    if is_report(message):
        failure = failure_in_report(message, sender)
        if failure is None:
            return Verdict(ReturnedKind.AUTO_REPLY, reason="a mail was delivered")
        return _on_failure(message, failure, addressed, key)
    if is_from_mail_system(message) or addressed.deliveries:
        failure = older_failure(message, sender) or (unknown_failure(message) if addressed.deliveries else None)
        if failure:
            return _on_failure(message, failure, addressed, key)
    return _on_reply(message, addressed, key)


def _on_failure(message: Part, failure: Failure, addressed: Proofs, key: bytes) -> Verdict:
    proofs = addressed + _proofs_in_returned(message, key)
    return Verdict(failure.kind, failure.answer, proofs, answers=_returned_ids(message))


def _on_feedback(message: Part, feedback: dict[str, str], addressed: Proofs, key: bytes) -> Verdict:
    named = _proofs(key, " ".join(feedback.values()))
    kind = feedback.get("feedback-type", "")
    if not is_complaint(feedback):
        return Verdict(ReturnedKind.OTHER, reason=f"a report of the type {shortened(inert(kind), 50)}")
    proofs = addressed + named + _proofs_in_returned(message, key)
    return Verdict(ReturnedKind.COMPLAINT, f"complaint: {shortened(inert(kind), 50)}", proofs)


def _on_reply(message: Part, addressed: Proofs, key: bytes) -> Verdict:
    subject = decoded(message.get("subject"))
    own = own_lines(message)
    in_subject = _proofs(key, subject)
    asks = asks_in_subject(subject)
    verdict = Verdict(
        ReturnedKind.OTHER,
        proofs=addressed + in_subject,
        sender=parseaddr(decoded(message.get("from"))[:LONGEST_EXCERPT])[1],
        answers=tuple(_MESSAGE_ID.findall(" ".join(message.all("in-reply-to", "references"))))[-MOST_ANSWERED:],
        subject=shortened(inert(subject), LONGEST_SUBJECT),
        text=shortened(inert(" / ".join(own)), LONGEST_EXCERPT),
    )
    if asks and in_subject.grants:
        return _as(verdict, ReturnedKind.UNSUBSCRIBE)
    if is_from_program(message) or is_from_mail_system(message):
        return _as(verdict, ReturnedKind.AUTO_REPLY)
    if asks or asks_to_unsubscribe(own, verdict.sender):
        return _as(verdict, ReturnedKind.UNSUBSCRIBE, has_word=True)
    if message.is_cut and not own:
        return _as(verdict, ReturnedKind.BROKEN)
    has_word = names_unsubscribing(" ".join([*own, "" if verdict.answers else subject]))
    return _as(verdict, ReturnedKind.UNCLEAR if has_word or verdict.answers else ReturnedKind.OTHER, has_word=has_word)


def _as(verdict: Verdict, kind: ReturnedKind, *, has_word: bool = False) -> Verdict:
    """Return a verdict as one of this kind; `has_word` says whether the message has a word for unsubscribing."""
    reason = "it is nested too deeply" if kind is ReturnedKind.BROKEN else ""
    return replace(verdict, kind=kind, reason=reason, names_unsubscribing=has_word)


def _proofs(key: bytes, text: str) -> Proofs:
    text = text.replace("%20", " ")  # in the URL of a mailto
    deliveries, has_wrong_path = returned_deliveries(key, text)
    grants, has_wrong_id = grants_in(key, text)
    return Proofs(tuple(deliveries), tuple(grants), has_wrong_path or has_wrong_id)


def _returned_ids(message: Part) -> tuple[str, ...]:
    """Return the Message-IDs of the mails that a report returns, from their headers or a Message-ID line in a text."""
    found: list[str] = []
    for part in message.walk():
        names = ("message-id", "in-reply-to") if part is not message else ("in-reply-to", "references")
        found += _MESSAGE_ID.findall(" ".join(part.all(*names)))
        if part.content_type.startswith("text/"):
            found += _MESSAGE_ID_LINE.findall(text_of(part))
    return tuple(dict.fromkeys(found))[-MOST_ANSWERED:]


def _proofs_in_returned(message: Part, key: bytes) -> Proofs:
    """Return the proofs in the mail that a report returns: in its header, or in its text if it holds no header.

    Wrong ids in it do not count as forged: our own mails hold long words that look like ids, such as the boundaries of
    parts.
    """
    proofs = Proofs()
    for part in message.walk()[1:] or [message]:
        values = " ".join(value for _, value in part.fields)
        text = text_of(part) if part.content_type.startswith("text/") and not part.parts else ""
        found = _proofs(key, f"{values} {text}")
        proofs += Proofs(found.deliveries, found.grants)
    return proofs
