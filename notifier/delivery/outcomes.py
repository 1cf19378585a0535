"""What a relay's reply, or a missing reply, means for a delivery and for the relay. Pure.

The basic code of a reply says whether to try again. The enhanced code (RFC 3463), if there is one, says whose fault it
is. A refusal counts against the recipient only if the relay clearly blames the recipient. Otherwise a fault in our own
setup would suppress subscribers.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum, StrEnum
from typing import NamedTuple

from notifier.models import DeliveryState

SERVICE_CLOSING = 421
REPLY_LIMIT = 300  # characters of a relay's reply that are stored


class Phase(IntEnum):
    """The step of an SMTP session at which an attempt is, in their order."""

    CONNECT = 1  # TCP, TLS from the first byte, greeting, EHLO
    TLS = 2  # STARTTLS
    AUTH = 3
    MAIL = 4
    RCPT = 5
    DATA = 6  # the command, until its reply with code 354
    CONTENT = 7  # the message, without the final dot
    DOT = 8  # the final dot; as soon as it is written, the relay may have the message


class RelayCondition(StrEnum):
    """What an outcome says about the relay."""

    UNTRIED = "untried"  # nothing was sent to it
    WORKING = "working"
    POLICY = "policy"  # it refused one mail by a rule of its own
    BUSY = "busy"  # it replied with 421, which asks us to come back later
    DOWN = "down"  # it cannot be reached, its TLS cannot be trusted, or it accepts no mail at the moment
    REFUSING = "refusing"  # it refuses us or our sender address; the operator has to do something


class Outcome(NamedTuple):
    """The result of one attempt to send a mail.

    `state` is the delivery's next state. `reply` is the relay's reply or a description of the failure, on one line
    that is safe to store and to print.
    """

    state: DeliveryState
    reply: str
    relay: RelayCondition = RelayCondition.WORKING

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
_BAD_MAIL: _Verdict = (DeliveryState.FAILED, RelayCondition.WORKING)
_POLICY: _Verdict = (DeliveryState.DEFERRED, RelayCondition.POLICY)
_BUSY: _Verdict = (DeliveryState.DEFERRED, RelayCondition.BUSY)
_DOWN: _Verdict = (DeliveryState.DEFERRED, RelayCondition.DOWN)
_REFUSING: _Verdict = (DeliveryState.DEFERRED, RelayCondition.REFUSING)
_UNCERTAIN: _Verdict = (DeliveryState.UNCERTAIN, RelayCondition.WORKING)

_WANTS_LOGIN = frozenset({530, 534, 535, 538})  # RFC 4954
_TOO_LARGE = frozenset({"2.3", "3.4"})

# Enhanced codes of RFC 3463 without their class. A whole code counts before its subject alone.
_BY_ENHANCED_CODE = {
    "1.7": _REFUSING,  # the sender's address; some relays check it only at RCPT
    "1.8": _REFUSING,
    "2.2": _TRY_LATER,  # mailbox full
    "2.3": _BAD_MAIL,  # too large for this mailbox
    "3.4": _BAD_MAIL,  # too large for the system
    "1": _BAD_RECIPIENT,
    "2": _BAD_RECIPIENT,
    "6": _BAD_MAIL,
    "7": _POLICY,
}

# RFC 5321, section 4.3.2: 550 is about the mailbox if it replies to RCPT, and about policy after DATA.
_BY_CODE_AT_RCPT = {
    501: _BAD_MAIL,  # the address cannot be parsed
    550: _BAD_RECIPIENT,
    551: _BAD_RECIPIENT,
    552: _TRY_LATER,  # storage is full, or too many recipients: section 4.5.3.1.10 treats it like 452
    553: _BAD_RECIPIENT,
    556: _BAD_RECIPIENT,  # RFC 7504: the domain accepts no mail
}
_BY_CODE_AFTER_RCPT = {552: _BAD_MAIL}  # RFC 1870: too large

_ENHANCED_CODE = re.compile(r"5\.(\d{1,3})\.(\d{1,3})(?!\d)")


def outcome_of_reply(phase: Phase, code: int, text: str) -> Outcome:
    """Return the outcome of a reply that ends an attempt: a refusal at any phase, or any reply to the final dot."""
    state, relay = _verdict(phase, code, text)
    return Outcome(state, one_line(f"{code} {text}" if code > 0 else text), relay)


def outcome_without_reply(phase: Phase, trouble: str) -> Outcome:
    """Return the outcome if no reply came, because the connection failed, was lost, or timed out."""
    state, relay = _verdict_without_reply(phase)
    return Outcome(state, one_line(f"{phase.name}: {trouble}"), relay)


def one_line(text: str) -> str:
    """Return `text` on one line, without control, bidi or surrogate characters, cut to REPLY_LIMIT characters."""
    visible = text
    if not text.isprintable():
        visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    line = " ".join(visible.split())
    return line if len(line) <= REPLY_LIMIT else line[: REPLY_LIMIT - 1] + "…"


def _verdict(phase: Phase, code: int, text: str) -> _Verdict:
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
    return _verdict_on_refusal(phase, code, text)


def _verdict_without_reply(phase: Phase) -> _Verdict:
    """Return the verdict if the relay sent nothing, or something that is not an SMTP reply."""
    if phase is Phase.DOT:
        return _UNCERTAIN
    return _DOWN if phase < Phase.RCPT else _TRY_LATER


def _verdict_on_early_refusal(phase: Phase, code: int, text: str) -> _Verdict:
    """Return the verdict on a 5xx reply before RCPT, when the relay does not know the recipient yet."""
    if phase is Phase.TLS:
        return _DOWN
    too_large = code == 552 or _enhanced_code(text) in _TOO_LARGE
    return _BAD_MAIL if phase is Phase.MAIL and too_large else _REFUSING


def _verdict_on_refusal(phase: Phase, code: int, text: str) -> _Verdict:
    """Return the verdict on a 5xx reply at or after RCPT.

    If the codes do not say what is wrong, it counts as a refusal by policy, which blames neither mail nor recipient.
    """
    enhanced = _enhanced_code(text)
    by_code = _BY_CODE_AT_RCPT if phase is Phase.RCPT else _BY_CODE_AFTER_RCPT
    for key in (enhanced, enhanced.partition(".")[0]):
        if key in _BY_ENHANCED_CODE:
            return _BY_ENHANCED_CODE[key]
    return by_code.get(code, _POLICY)


def _enhanced_code(text: str) -> str:
    """Return subject and detail of a leading RFC 3463 code of class 5, such as `1.1`, or an empty text."""
    match = _ENHANCED_CODE.match(text)
    return f"{int(match[1])}.{int(match[2])}" if match else ""
