"""A circuit breaker for the relay: when sending pauses, and for how long. Pure.

If the relay cannot be reached, or refuses all our mail, sending pauses at once, because every mail would fail in the
same way. If the relay defers many mails, sending pauses when their number reaches a limit. When a pause has run out,
one mail is sent as a probe: either it ends the pause, or a longer pause begins.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState, RelayState

ERRORS_IN_A_ROW = 50
RECENT = 500  # answers that are remembered
ERRORS_IN_RECENT = 150  # 30%
POLICY_DOMAINS = 3  # recipient domains; so many policy refusals without an acceptance mean that the relay refuses us
BUSY_ANSWERS = 3  # replies with code 421, in a row

# The first and the longest pause; each pause is twice as long as the one before.
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

    A pause that would last longer than the longest possible one is over: the clock has been set back since it began.
    """
    left = state.paused_until - now if state.paused_until else timedelta(0)
    return left if timedelta(0) < left <= PAUSES_AFTER_REFUSAL[1] else timedelta(0)


def state_after(
    state: RelayState, outcome: Outcome, domain: str, now: datetime, *, is_probe: bool = False
) -> RelayState:
    """Return the relay's state after `outcome` for a mail to `domain`.

    While sending is paused, only the outcome of a probe can end or lengthen the pause. All other mails were already on
    the wire when the pause began.
    """
    if is_probe:
        state = replace(state, probe_owner=None, probe_until=None)
    if outcome.relay is RelayCondition.UNTRIED:
        return state
    state = _with_outcome_counted(state, outcome, domain)
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
    return replace(state, errors=0, busy=0, recent=(state.recent + _NO_ERROR * number)[-RECENT:], policy_domains=())


def resumed_state(state: RelayState) -> RelayState:
    """Return the relay's state at the end of a pause, with all counts of earlier errors back at zero."""
    return RelayState(day=state.day, sent=state.sent, next_turn=state.next_turn)


def _with_outcome_counted(state: RelayState, outcome: Outcome, domain: str) -> RelayState:
    is_error = outcome.state in (DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)
    domains = () if outcome.state is DeliveryState.ACCEPTED else state.policy_domains
    if outcome.relay is RelayCondition.POLICY and domain not in domains:
        domains = (*domains, domain)[:POLICY_DOMAINS]
    return replace(
        state,
        errors=state.errors + 1 if is_error else 0,
        busy=state.busy + 1 if outcome.relay is RelayCondition.BUSY else 0,
        recent=(state.recent + (_ERROR if is_error else _NO_ERROR))[-RECENT:],
        policy_domains=domains,
    )


def _reason_to_pause(state: RelayState, outcome: Outcome) -> str:
    """Return why sending has to pause after `outcome`, or an empty text if it may go on."""
    if outcome.relay in (RelayCondition.DOWN, RelayCondition.REFUSING) or state.busy >= BUSY_ANSWERS:
        return outcome.reply
    if outcome.relay is RelayCondition.POLICY and len(state.policy_domains) >= POLICY_DOMAINS:
        return f"mail to {POLICY_DOMAINS} domains in a row was refused by policy: {outcome.reply}"
    if state.errors >= ERRORS_IN_A_ROW:
        return f"{state.errors} errors in a row: {outcome.reply}"
    if outcome.state is not DeliveryState.ACCEPTED and state.recent.count(_ERROR) >= ERRORS_IN_RECENT:
        return f"{state.recent.count(_ERROR)} errors in the last {len(state.recent)} answers: {outcome.reply}"
    return ""


def _paused_state(state: RelayState, reason: str, outcome: Outcome, now: datetime) -> RelayState:
    is_refusal = outcome.relay in (RelayCondition.REFUSING, RelayCondition.POLICY)
    first, longest = PAUSES_AFTER_REFUSAL if is_refusal else PAUSES_AFTER_OUTAGE
    length = min(first * 2 ** min(state.pauses, 10), longest)
    return replace(state, paused_until=now + length, reason=reason, pauses=state.pauses + 1)
