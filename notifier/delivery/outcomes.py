"""What a relay's answer, or its silence, means for a delivery and for the relay. Pure.

The basic code says whether to try again; the enhanced code (RFC 3463), where the relay gives one, says whose fault it
is. A refusal is held against the recipient only where the relay clearly speaks of the recipient: anything else would
suppress readers for trouble of our own making.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum, StrEnum
from typing import NamedTuple

from notifier.models import DeliveryState

SERVICE_CLOSING = 421
REPLY_LIMIT = 300  # characters of a relay's reply that a row keeps


class Phase(IntEnum):
    """How far a delivery has come, in the order of an SMTP session."""

    CONNECT = 1  # TCP, TLS from the first byte, greeting, EHLO
    TLS = 2  # STARTTLS
    AUTH = 3
    MAIL = 4
    RCPT = 5
    DATA = 6  # the command, until its 354
    CONTENT = 7  # the message, until its last line
    DOT = 8  # from the moment that the final dot is written: the relay may have the message


class RelayCondition(StrEnum):
    """What an outcome says about the relay."""

    UNTRIED = "untried"  # it was not asked
    WORKING = "working"
    POLICY = "policy"  # it refused one mail by a rule of its own; from several domains in a row, it is refusing us
    BUSY = "busy"  # 421: come back later; no attempt is counted
    DOWN = "down"  # not reached, not trusted (TLS), or not able to take any mail at the moment
    REFUSING = "refusing"  # it does not want us or our sender: nothing gets through until the operator acts


class Outcome(NamedTuple):
    """What became of one attempt.

    `state` is where the delivery goes, `reply` the relay's words or the trouble, on one line fit for a row and a
    terminal.
    """

    state: DeliveryState
    reply: str
    relay: RelayCondition = RelayCondition.WORKING

    @property
    def is_relay_fault(self) -> bool:
        """Whether the next mail would fare no better, and neither this mail nor its recipient is to blame."""
        return self.relay in (RelayCondition.BUSY, RelayCondition.DOWN, RelayCondition.REFUSING)

    @property
    def counted(self) -> bool:
        """Whether this was an attempt of the delivery's own, that moves its next try further away."""
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

# RFC 3463, without its class: the whole code first, then its subject alone.
_BY_ENHANCED_CODE = {
    "1.7": _REFUSING,  # the sender's address: relays that judge it late say so at RCPT
    "1.8": _REFUSING,
    "2.2": _TRY_LATER,  # mailbox full
    "2.3": _BAD_MAIL,  # too large for this mailbox
    "3.4": _BAD_MAIL,  # too large for the system
    "1": _BAD_RECIPIENT,
    "2": _BAD_RECIPIENT,
    "6": _BAD_MAIL,
    "7": _POLICY,
}

# RFC 5321, section 4.3.2: the same 550 speaks of the mailbox at RCPT, and of policy after DATA.
_BY_CODE_AT_RCPT = {
    501: _BAD_MAIL,  # the address cannot be parsed
    550: _BAD_RECIPIENT,
    551: _BAD_RECIPIENT,
    552: _TRY_LATER,  # storage, or too many recipients, which counts as 452 (section 4.5.3.1.10)
    553: _BAD_RECIPIENT,
    556: _BAD_RECIPIENT,  # RFC 7504: the domain takes no mail
}
_BY_CODE_AFTER_RCPT = {552: _BAD_MAIL}  # RFC 1870: too large

_ENHANCED_CODE = re.compile(r"5\.(\d{1,3})\.(\d{1,3})(?!\d)")


def judge(phase: Phase, code: int, text: str) -> Outcome:
    """The outcome of a reply that ends an attempt: a refusal at any phase, or any reply to the final dot."""
    state, relay = _verdict(phase, code, text)
    return Outcome(state, one_line(f"{code} {text}" if code > 0 else text), relay)


def lost(phase: Phase, trouble: str) -> Outcome:
    """The outcome where no reply came: the connection broke, timed out or was never made."""
    state, relay = _without_reply(phase)
    return Outcome(state, one_line(f"{phase.name}: {trouble}"), relay)


def one_line(text: str) -> str:
    """`text` on one line, without control, bidi or unpaired characters, cut to REPLY_LIMIT characters."""
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
        return _without_reply(phase)
    if code in _WANTS_LOGIN:
        return _REFUSING
    if code < 500:
        return _DOWN if phase < Phase.RCPT else _TRY_LATER
    return _refused_before_rcpt(phase, code, text) if phase < Phase.RCPT else _refused(phase, code, text)


def _without_reply(phase: Phase) -> _Verdict:
    """A relay that says nothing, or nothing that SMTP knows."""
    if phase is Phase.DOT:
        return _UNCERTAIN
    return _DOWN if phase < Phase.RCPT else _TRY_LATER


def _refused_before_rcpt(phase: Phase, code: int, text: str) -> _Verdict:
    if phase is Phase.TLS:
        return _DOWN
    too_large = code == 552 or _enhanced_code(text) in _TOO_LARGE
    return _BAD_MAIL if phase is Phase.MAIL and too_large else _REFUSING


def _refused(phase: Phase, code: int, text: str) -> _Verdict:
    """A 5xx once the relay knows the recipient; what says nothing more is taken for policy, which blames nobody."""
    enhanced = _enhanced_code(text)
    by_code = _BY_CODE_AT_RCPT if phase is Phase.RCPT else _BY_CODE_AFTER_RCPT
    for key in (enhanced, enhanced.partition(".")[0]):
        if key in _BY_ENHANCED_CODE:
            return _BY_ENHANCED_CODE[key]
    return by_code.get(code, _POLICY)


def _enhanced_code(text: str) -> str:
    """Subject and detail of a leading RFC 3463 code of class 5, such as `1.1`; empty where there is none."""
    found = _ENHANCED_CODE.match(text)
    return f"{int(found[1])}.{int(found[2])}" if found else ""
