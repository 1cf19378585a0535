"""A circuit breaker for the relay: when sending pauses, and for how long. It does no I/O.

If the relay cannot be reached, or refuses all our mail, sending pauses at once, because every mail would fail in the
same way. If the relay defers many mails, often answers that it is busy (421), or gives several recipients the same
refusal by policy, sending pauses when the number of these replies reaches a limit. When a pause has run out, one mail
is sent as a probe. Either the probe ends the pause, or another, usually longer pause begins.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.refusals import same_answer
from notifier.models import DeliveryState, RelayState

ERRORS_IN_A_ROW = 50
RECENT = 500  # answers that are remembered
ERRORS_IN_RECENT = 150  # 30% of RECENT
# If recipients of this many domains, or this many recipients of one domain, get the same refusal, and no mail in
# between is accepted, then the relay refuses us and not the recipients.
POLICY_DOMAINS = 3
POLICY_RECIPIENTS = 10
RECENT_REFUSALS = 50  # refusals by policy that are remembered
BUSY_ANSWERS = 3  # replies with code 421, in a row

# The first and the longest pause. Each pause is twice as long as the one before, but not longer than the longest.
PAUSES_AFTER_OUTAGE = (timedelta(seconds=10), timedelta(minutes=15))  # outages usually end by themselves
PAUSES_AFTER_REFUSAL = (timedelta(minutes=5), timedelta(hours=1))  # the operator has to do something

PROBE_LEASE = timedelta(seconds=60)  # renewed together with the leases of the claims

_ERROR, _NO_ERROR = "x", "."


class RelayAccess(Enum):
    """How many mails a sender may claim for the relay."""

    OPEN = "any"
    PROBE = "one"
    CLOSED = "none"


def relay_access(state: RelayState, now: datetime) -> RelayAccess:
    """Return how many mails a sender may claim at `now`.

    `probe_until` counts only if it is at most PROBE_LEASE away. If it is later, the clock has been set back since it
    was stored.
    """
    if state.paused_until is None:
        return RelayAccess.OPEN
    if remaining_pause(state, now):
        return RelayAccess.CLOSED
    is_probed = state.probe_until is not None and now < state.probe_until <= now + PROBE_LEASE
    return RelayAccess.CLOSED if is_probed else RelayAccess.PROBE


def remaining_pause(state: RelayState, now: datetime) -> timedelta:
    """Return how long the pause still lasts, or zero if there is no pause or a probe may be sent.

    If the stored end of the pause is further away than the longest pause lasts, the clock has been set back since the
    pause began. Such a pause counts as over.
    """
    left = state.paused_until - now if state.paused_until else timedelta(0)
    return left if timedelta(0) < left <= PAUSES_AFTER_REFUSAL[1] else timedelta(0)


def state_after(
    state: RelayState, outcome: Outcome, recipient: str, now: datetime, *, is_probe: bool = False
) -> RelayState:
    """Return the relay's state after `outcome` for a mail to the address `recipient`.

    While sending is paused, only the outcome of a probe can end or lengthen the pause. All other mails were already on
    the wire when the pause began.
    """
    if is_probe:
        state = replace(state, probe_owner=None, probe_until=None)
    if outcome.relay is RelayCondition.UNTRIED:
        return state
    state = _with_outcome_counted(state, outcome, recipient)
    if state.paused_until and not is_probe:
        return state
    reason = _reason_to_pause(state, outcome)
    if reason:
        return _paused_state(state, reason, outcome, now)
    return resumed_state(state) if is_probe else state


def state_after_acceptances(state: RelayState, number: int) -> RelayState:
    """Return the relay's state after `number` accepted mails, none of which was a probe.

    The result is the same as that of calling `state_after` once for each of them.
    """
    return replace(state, errors=0, busy=0, recent=(state.recent + _NO_ERROR * number)[-RECENT:], policy_refusals=())


def resumed_state(state: RelayState) -> RelayState:
    """Return the relay's state at the end of a pause, with all counts of earlier errors back at zero."""
    return RelayState(day=state.day, sent=state.sent, next_turn=state.next_turn)


def _with_outcome_counted(state: RelayState, outcome: Outcome, recipient: str) -> RelayState:
    is_error = outcome.state in (DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)
    refusals = () if outcome.state is DeliveryState.ACCEPTED else state.policy_refusals
    if outcome.relay is RelayCondition.POLICY and (refusal := _refusal(outcome, recipient)) not in refusals:
        refusals = (*refusals, refusal)[-RECENT_REFUSALS:]
    return replace(
        state,
        errors=state.errors + 1 if is_error else 0,
        busy=state.busy + 1 if outcome.relay is RelayCondition.BUSY else 0,
        recent=(state.recent + (_ERROR if is_error else _NO_ERROR))[-RECENT:],
        policy_refusals=refusals,
    )


def _refusal(outcome: Outcome, recipient: str) -> str:
    """Return what is stored of a refusal by policy: a hash of the answer, the domain, and a hash of the address."""
    address = recipient.casefold()
    return f"{_answer(outcome)} {address.rpartition('@')[2]} {_short_hash(address)}"


def _answer(outcome: Outcome) -> str:
    return _short_hash(same_answer(outcome.reply))


def _short_hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def _reason_to_pause(state: RelayState, outcome: Outcome) -> str:
    """Return why sending has to pause after `outcome`, or an empty text if it may go on."""
    if outcome.relay in (RelayCondition.DOWN, RelayCondition.REFUSING) or state.busy >= BUSY_ANSWERS:
        return outcome.reply
    if outcome.relay is RelayCondition.POLICY and (number := _refused_alike(state, outcome)):
        return f"{number} in a row got the same refusal: {outcome.reply}"
    if state.errors >= ERRORS_IN_A_ROW:
        return f"{state.errors} errors in a row: {outcome.reply}"
    if outcome.state is not DeliveryState.ACCEPTED and state.recent.count(_ERROR) >= ERRORS_IN_RECENT:
        return f"{state.recent.count(_ERROR)} errors in the last {len(state.recent)} answers: {outcome.reply}"
    return ""


def _refused_alike(state: RelayState, outcome: Outcome) -> str:
    """Return how many domains or recipients got the same refusal, if they are enough to pause sending."""
    refusals = [refusal.split(" ") for refusal in state.policy_refusals]
    recipients = Counter(domain for answer, domain, _ in refusals if answer == _answer(outcome))
    if len(recipients) >= POLICY_DOMAINS:
        return f"{len(recipients)} domains"
    domain, number = recipients.most_common(1)[0]
    return f"{number} recipients of {domain}" if number >= POLICY_RECIPIENTS else ""


def _paused_state(state: RelayState, reason: str, outcome: Outcome, now: datetime) -> RelayState:
    is_refusal = outcome.relay in (RelayCondition.REFUSING, RelayCondition.POLICY)
    first, longest = PAUSES_AFTER_REFUSAL if is_refusal else PAUSES_AFTER_OUTAGE
    length = min(first * 2 ** min(state.pauses, 10), longest)
    return replace(state, paused_until=now + length, reason=reason, pauses=state.pauses + 1)
