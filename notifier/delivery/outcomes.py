"""Decide what a relay's reply, or a missing reply, means for a delivery and for the relay. Pure functions.

The basic code of a reply says whether to try again; `refusals` decides what a permanent refusal is about. A refusal
counts against the recipient only if the relay clearly blames the recipient. If every refusal counted, a fault in
our own setup would suppress subscribers.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from notifier.errors import REASON_LIMIT, shortened
from notifier.models import DeliveryState
from notifier.text import refusals

SERVICE_CLOSING = 421
REPLY_LIMIT = REASON_LIMIT  # at most this many characters of a relay's reply are stored
_READ_PER_KEPT = 10  # characters read for each one that is kept, because a run of spaces becomes one space


class Phase(IntEnum):
    """The steps of an SMTP session, in order. The phase of an attempt is the step that it has reached."""

    CONNECT = 1  # TCP, TLS from the first byte, greeting, EHLO
    TLS = 2  # STARTTLS
    AUTH = 3
    MAIL = 4
    RCPT = 5
    DATA = 6  # the command, until its reply with code 354
    CONTENT = 7  # the message, without the final dot
    DOT = 8  # the final dot; as soon as it is written, the relay may have the message


class RelayCondition(StrEnum):
    """The condition of the relay, as an outcome shows it."""

    UNTRIED = "untried"  # no part of this mail was sent to it
    WORKING = "working"
    POLICY = "policy"  # it refused one mail, and does not clearly say that the recipient or the size is the cause
    BUSY = "busy"  # it replied with 421, which asks us to come back later
    DOWN = "down"  # it cannot be reached, its TLS cannot be trusted, or it accepts no mail at the moment
    REFUSING = "refusing"  # it refuses us or our sender address; the operator has to do something


class Outcome(NamedTuple):
    """The result of one attempt to send a mail.

    `state` is the delivery's next state. `reply` is the relay's reply or a description of the failure, on one line
    that is safe to store and to print. `is_too_large` says that the mail FAILED because of its size. `not_before` is
    the time until which the other side asks to wait with the next attempt.
    """

    state: DeliveryState
    reply: str
    relay: RelayCondition = RelayCondition.WORKING
    is_too_large: bool = False
    not_before: datetime | None = None

    @property
    def is_relay_fault(self) -> bool:
        """Whether the cause is the relay, and not this mail or its recipient, so that the next mail would fail too."""
        return self.relay in (RelayCondition.BUSY, RelayCondition.DOWN, RelayCondition.REFUSING)

    @property
    def counts_as_attempt(self) -> bool:
        """Whether this attempt counts for the delivery, so that the delay before the next one grows."""
        return self.relay not in (RelayCondition.BUSY, RelayCondition.REFUSING)


_Verdict = tuple[DeliveryState, RelayCondition]

_ACCEPTED: _Verdict = (DeliveryState.ACCEPTED, RelayCondition.WORKING)
_TRY_LATER: _Verdict = (DeliveryState.DEFERRED, RelayCondition.WORKING)
_BAD_RECIPIENT: _Verdict = (DeliveryState.REJECTED, RelayCondition.WORKING)
_FAILED: _Verdict = (DeliveryState.FAILED, RelayCondition.WORKING)  # too large, or in need of SMTPUTF8
_POLICY: _Verdict = (DeliveryState.DEFERRED, RelayCondition.POLICY)
_BUSY: _Verdict = (DeliveryState.DEFERRED, RelayCondition.BUSY)
_DOWN: _Verdict = (DeliveryState.DEFERRED, RelayCondition.DOWN)
_REFUSING: _Verdict = (DeliveryState.DEFERRED, RelayCondition.REFUSING)
_UNCERTAIN: _Verdict = (DeliveryState.UNCERTAIN, RelayCondition.WORKING)

_WANTS_LOGIN = frozenset({530, 534, 535, 538})  # the relay requires a login, or refuses ours (RFC 4954)
_STORAGE = 552  # at RCPT: too many recipients (RFC 5321, section 4.5.3.1.10); else: the mail is too large (RFC 1870)

# Enhanced codes of RFC 3463 without their class.
_BY_ENHANCED_CODE = {
    "1.7": _REFUSING,  # the sender's address; some relays check it only at RCPT
    "1.8": _REFUSING,
    "2.2": _TRY_LATER,  # mailbox full
}


def outcome_of_reply(phase: Phase, code: int, text: str, sender: str = "") -> Outcome:
    """Return the outcome of a reply that ends an attempt: a refusal at any phase, or any reply to the final dot.

    A reply without a code, or with a code that does not fit the phase, has the same meaning as no reply. `sender` is
    the sender's address of the mail.
    """
    state, relay = _verdict(phase, code, text, sender)
    is_too_large = state is DeliveryState.FAILED and not refusals.is_about_utf8(text)
    return Outcome(state, one_line(f"{code} {text}" if code > 0 else text), relay, is_too_large)


def outcome_without_reply(phase: Phase, trouble: str) -> Outcome:
    """Return the outcome if no reply came, because the connection failed, was lost, or timed out."""
    state, relay = _verdict_without_reply(phase)
    return Outcome(state, one_line(f"{phase.name}: {trouble}"), relay)


def one_line(text: str) -> str:
    """Return `text` on one line, without control, bidi or surrogate characters, cut to REPLY_LIMIT characters."""
    text = text[: _READ_PER_KEPT * REPLY_LIMIT]
    visible = text
    if not text.isprintable():
        visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return shortened(" ".join(visible.split()))


def _verdict(phase: Phase, code: int, text: str, sender: str) -> _Verdict:
    if phase is Phase.DOT and 200 <= code < 300:
        return _ACCEPTED
    if code == SERVICE_CLOSING:
        return _BUSY
    if not 400 <= code < 600:
        return _verdict_without_reply(phase)
    if code in _WANTS_LOGIN:
        return _REFUSING
    if code < 500:
        return _DOWN if phase < Phase.RCPT else _TRY_LATER
    if phase < Phase.RCPT:
        return _verdict_on_early_refusal(phase, code, text)
    return _verdict_on_refusal(phase, code, text, sender)


def _verdict_without_reply(phase: Phase) -> _Verdict:
    """Return the verdict if the relay sent nothing, or something that is not an SMTP reply."""
    if phase is Phase.DOT:
        return _UNCERTAIN
    return _DOWN if phase < Phase.RCPT else _TRY_LATER


def _verdict_on_early_refusal(phase: Phase, code: int, text: str) -> _Verdict:
    """Return the verdict on a 5xx reply before RCPT, when the relay does not know the recipient yet."""
    if phase is Phase.TLS:
        return _DOWN
    if phase is Phase.MAIL and refusals.is_about_utf8(text):
        return _FAILED
    too_large = refusals.is_about_size(code, text) or (code == _STORAGE and not refusals.specific_codes(text))
    return _FAILED if phase is Phase.MAIL and too_large else _REFUSING


def _verdict_on_refusal(phase: Phase, code: int, text: str, sender: str) -> _Verdict:
    """Return the verdict on a 5xx reply at or after RCPT.

    If the reply does not clearly say what is wrong, it counts as a refusal by policy, which blames neither mail nor
    recipient.
    """
    if refusals.is_about_size(code, text) or refusals.is_about_utf8(text):
        return _FAILED
    if refusals.is_about_recipient(text, sender):
        return _BAD_RECIPIENT
    codes = refusals.enhanced_codes(text)
    for each in codes:
        if each in _BY_ENHANCED_CODE:
            return _BY_ENHANCED_CODE[each]
    if code == _STORAGE and not refusals.specific_codes(text):
        return _TRY_LATER if phase is Phase.RCPT else _FAILED
    return _POLICY
