"""When the relay is left alone, and for how long. Pure.

A relay that cannot be reached, or does not want us, pauses at once: every mail would fare the same. One that defers
mail after mail pauses by count. When a pause has run out, one mail is tried: it ends the pause, or a longer one begins.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState, RelayState

ERRORS_IN_A_ROW = 50
RECENT = 500
ERRORS_IN_RECENT = 150  # 30%
POLICY_DOMAINS = 3  # that refuse by policy, with no acceptance between: then it is us whom the relay refuses
BUSY_ANSWERS = 3  # 421, in a row

# First and longest pause, doubling between: for what mends itself, and for what the operator has to mend.
PASSING = (timedelta(seconds=10), timedelta(minutes=15))
LASTING = (timedelta(minutes=5), timedelta(hours=1))

PROBE_LEASE = timedelta(seconds=60)  # renewed with the others

_ERROR, _NO_ERROR = "x", "."


class Gate(Enum):
    """How many mails a sender may claim for the relay."""

    OPEN = "any"
    PROBE = "one"
    CLOSED = "none"


def gate(state: RelayState, now: datetime) -> Gate:
    """Whether the relay may be tried at `now`; an instant further off than it can be set is of a clock set back."""
    if state.paused_until is None:
        return Gate.OPEN
    if paused_for(state, now):
        return Gate.CLOSED
    is_probed = state.probe_until is not None and now < state.probe_until <= now + PROBE_LEASE
    return Gate.CLOSED if is_probed else Gate.PROBE


def paused_for(state: RelayState, now: datetime) -> timedelta:
    """How long the pause still lasts; zero where there is none, or where it is time for a probe."""
    left = state.paused_until - now if state.paused_until else timedelta(0)
    return left if timedelta(0) < left <= LASTING[1] else timedelta(0)


def after(state: RelayState, outcome: Outcome, domain: str, now: datetime, *, is_probe: bool = False) -> RelayState:
    """The relay once it has answered so about a mail to `domain`.

    While it is paused only the probe's answer counts for the pause: the others were on the wire before it.
    """
    if is_probe:
        state = replace(state, probe_owner=None, probe_until=None)
    if outcome.relay is RelayCondition.UNTRIED:
        return state
    state = _counted(state, outcome, domain)
    if state.paused_until and not is_probe:
        return state
    trouble = _trouble(state, outcome)
    if trouble:
        return _paused(state, trouble, outcome, now)
    return resumed(state) if is_probe else state


def after_acceptances(state: RelayState, number: int) -> RelayState:
    """The relay once it has accepted so many mails, none of them a probe: the same as `after` for each of them."""
    return replace(state, errors=0, busy=0, recent=(state.recent + _NO_ERROR * number)[-RECENT:], policy_domains=())


def resumed(state: RelayState) -> RelayState:
    """The relay once its pause is over: what it said before no longer counts."""
    return RelayState(day=state.day, sent=state.sent, next_turn=state.next_turn)


def _counted(state: RelayState, outcome: Outcome, domain: str) -> RelayState:
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


def _trouble(state: RelayState, outcome: Outcome) -> str:
    """Why the relay is to be left alone now; empty where it is not."""
    if outcome.relay in (RelayCondition.DOWN, RelayCondition.REFUSING) or state.busy >= BUSY_ANSWERS:
        return outcome.reply
    if outcome.relay is RelayCondition.POLICY and len(state.policy_domains) >= POLICY_DOMAINS:
        return f"mail to {POLICY_DOMAINS} domains in a row was refused by policy: {outcome.reply}"
    if state.errors >= ERRORS_IN_A_ROW:
        return f"{state.errors} errors in a row: {outcome.reply}"
    if outcome.state is not DeliveryState.ACCEPTED and state.recent.count(_ERROR) >= ERRORS_IN_RECENT:
        return f"{state.recent.count(_ERROR)} errors in the last {len(state.recent)} answers: {outcome.reply}"
    return ""


def _paused(state: RelayState, reason: str, outcome: Outcome, now: datetime) -> RelayState:
    first, longest = LASTING if outcome.relay in (RelayCondition.REFUSING, RelayCondition.POLICY) else PASSING
    length = min(first * 2 ** min(state.pauses, 10), longest)
    return replace(state, paused_until=now + length, reason=reason, pauses=state.pauses + 1)
