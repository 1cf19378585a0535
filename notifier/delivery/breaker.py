"""Decide when sending to the relay pauses, and for how long: a circuit breaker. It does no I/O.

If the relay cannot be reached, or refuses all our mail, sending pauses at once, because every mail would fail in the
same way. If the relay defers many mails, often answers that it is busy (421), or gives several recipients the same
refusal, sending pauses when the number of these replies reaches a limit. When a pause has run out, one mail is sent as
a probe. Either the probe ends the pause, or another, usually longer pause begins.

If several recipients get the same refusal, there are two possible reasons: the relay refuses our mail, or it knows none
of these recipients. Only the acceptance of another mail shows that it is the second. So after a pause for such
refusals, recipients who were not refused yet are tried one after another: two after the first pause, and after each
further pause twice as many (4, 8, 16), up to a limit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.models import DeliveryState, RelayState
from notifier.text.refusals import is_about_recipient, without_variable_parts

ERRORS_IN_A_ROW = 50
RECENT = 500  # outcomes that are remembered
ERRORS_IN_RECENT = 150  # 30% of RECENT
# Sending pauses if recipients of this many domains, or this many recipients of one domain, get the same refusal, and no
# mail is accepted in between. The first number is for the first pause, the second for the second, and so on. The last
# number is for all later pauses too. Once it is reached, each refused probe begins another pause.
REFUSED_DOMAINS = (3, 5, 9, 17, 33)
REFUSED_RECIPIENTS = (10, 20, 40)
RECENT_REFUSALS = 50  # refusals that are remembered
BUSY_ANSWERS = 3  # replies with code 421, in a row

# The first and the longest pause. Each pause is twice as long as the one before, but not longer than the longest.
PAUSES_AFTER_OUTAGE = (timedelta(seconds=10), timedelta(minutes=15))  # outages usually end by themselves
PAUSES_AFTER_REFUSAL = (timedelta(minutes=5), timedelta(hours=1))  # the operator has to do something

LONGEST_PAUSE = PAUSES_AFTER_REFUSAL[1]
# A pause of which more than LONGEST_PAUSE is left counts as over, as if the clock had been set back (see
# `remaining_pause`). So a wait that an endpoint requests is limited to a minute less.
LONGEST_REQUESTED_WAIT = LONGEST_PAUSE - timedelta(minutes=1)

PROBE_LEASE = timedelta(seconds=60)  # renewed together with the leases of the claims

_ERROR, _NO_ERROR = "x", "."


class RelayAccess(Enum):
    """The number of mails that a sender may claim for the relay."""

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
    return left if timedelta(0) < left <= LONGEST_PAUSE else timedelta(0)


def start_of_pause_that_may_end_early(state: RelayState, now: datetime) -> datetime | None:
    """Return when the present pause began, if it may end early; otherwise None.

    It may end early if it is a pause for the same refusal of several recipients, and has lasted as long as the shortest
    pause. Then a mail that was planned since the pause began may be sent as a probe, because it may be for a recipient
    who was not refused before.
    """
    if len(state.policy_refusals) < REFUSED_DOMAINS[0] or not remaining_pause(state, now):
        return None
    assert state.paused_until is not None
    began = state.paused_until - _pause_length(PAUSES_AFTER_REFUSAL, state.pauses - 1)
    return began if began + PAUSES_AFTER_REFUSAL[0] <= now else None


def with_doubtful_refusal_deferred(
    state: RelayState, outcome: Outcome, recipient: str, *, was_refused: bool = False
) -> Outcome:
    """Return `outcome`, or a deferral in its place if it is a rejection that too many other recipients got too.

    `state` is the relay's state before this outcome. `was_refused` says whether the recipient had been refused before.
    """
    if outcome.state is not DeliveryState.REJECTED:
        return outcome
    counted = _with_outcome_counted(state, outcome, recipient, was_refused=was_refused)
    if not _refused_alike_in_words(counted, outcome, recipient, 0):
        return outcome
    return outcome._replace(state=DeliveryState.DEFERRED, relay=RelayCondition.POLICY)


def state_after(  # noqa: PLR0913
    state: RelayState,
    outcome: Outcome,
    recipient: str,
    now: datetime,
    *,
    is_probe: bool = False,
    was_refused: bool = False,
) -> RelayState:
    """Return the relay's state after a mail to the address `recipient`.

    `outcome` is what `with_doubtful_refusal_deferred` has returned. While sending is paused, only the outcome of a
    probe can end or lengthen the pause: all other mails were already being sent when the pause began. `was_refused`
    says whether the recipient had been refused before, by a permanent reply. Another refusal of this recipient says
    nothing new about the relay. So it neither counts nor begins a pause, unless it is the outcome of a probe.
    """
    if is_probe:
        state = replace(state, probe_owner=None, probe_until=None)
    if outcome.relay is RelayCondition.UNTRIED:
        return state
    is_repeated = was_refused or _is_counted(state, outcome, recipient)
    state = _with_outcome_counted(state, outcome, recipient, was_refused=was_refused)
    if state.paused_until and not is_probe:
        return state
    reason = _reason_to_pause(state, outcome, recipient, is_repeated=is_repeated, is_probe=is_probe)
    if reason:
        return _paused_state(state, reason, outcome, now)
    if is_probe and outcome.relay is RelayCondition.POLICY and _refused_alike_in_words(state, outcome, recipient, 0):
        return state  # the next recipient is tried at once
    return _resumed_after(state, outcome) if is_probe else state


def state_after_acceptances(state: RelayState, number: int) -> RelayState:
    """Return the relay's state after `number` accepted mails, none of which was a probe.

    The result is the same as that of calling `state_after` once for each of them.
    """
    return replace(state, errors=0, busy=0, recent=(state.recent + _NO_ERROR * number)[-RECENT:], policy_refusals=())


def resumed_state(state: RelayState) -> RelayState:
    """Return the relay's state at the end of a pause, with all counts of earlier errors back at zero."""
    return RelayState(day=state.day, sent=state.sent, next_turn=state.next_turn)


def _resumed_after(state: RelayState, probe: Outcome) -> RelayState:
    """Return the state at the end of a pause. The refusals count no longer if the probe was accepted."""
    refusals = () if probe.state is DeliveryState.ACCEPTED else state.policy_refusals
    return replace(resumed_state(state), policy_refusals=refusals)


def _with_outcome_counted(state: RelayState, outcome: Outcome, recipient: str, *, was_refused: bool) -> RelayState:
    is_error = outcome.state in (DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)
    refusals = () if outcome.state is DeliveryState.ACCEPTED else state.policy_refusals
    is_refusal = outcome.relay is RelayCondition.POLICY or outcome.state is DeliveryState.REJECTED
    is_repeated = was_refused or _is_counted(state, outcome, recipient)
    if outcome.relay is RelayCondition.POLICY and is_repeated:
        return state
    if is_refusal and not is_repeated:
        refusals = (*refusals, _refusal(outcome, recipient))[-RECENT_REFUSALS:]
    return replace(
        state,
        errors=state.errors + 1 if is_error else 0,
        busy=state.busy + 1 if outcome.relay is RelayCondition.BUSY else 0,
        recent=(state.recent + (_ERROR if is_error else _NO_ERROR))[-RECENT:],
        policy_refusals=refusals,
    )


def _refusal(outcome: Outcome, recipient: str) -> str:
    """Return what `policy_refusals` stores of a refusal for policy or a rejection.

    It is a hash of the reply, the domain, and a hash of the address.
    """
    address = recipient.casefold()
    return f"{_reply_hash(outcome, recipient)} {address.rpartition('@')[2]} {_short_hash(address)}"


def _is_counted(state: RelayState, outcome: Outcome, recipient: str) -> bool:
    return _refusal(outcome, recipient) in state.policy_refusals


def _reply_hash(outcome: Outcome, recipient: str) -> str:
    return _short_hash(without_variable_parts(outcome.reply, recipient))


def _short_hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def _reason_to_pause(state: RelayState, outcome: Outcome, recipient: str, *, is_repeated: bool, is_probe: bool) -> str:
    """Return why sending has to pause after `outcome`, or an empty text if it may go on.

    `is_repeated` says whether the recipient had been refused before. If a probe to a recipient
    who was not refused before is refused, the limit for the pause that would begin now applies. For all other refusals,
    the limit for the first pause applies.
    """
    if outcome.relay in (RelayCondition.DOWN, RelayCondition.REFUSING) or state.busy >= BUSY_ANSWERS:
        return outcome.reply
    if outcome.relay is RelayCondition.POLICY and (is_probe or not is_repeated):
        pauses = 0 if is_repeated or not is_probe else state.pauses
        if number := _refused_alike_in_words(state, outcome, recipient, pauses):
            return f"{number} in a row got the same refusal{_cure(outcome)}: {outcome.reply}"
    if state.errors >= ERRORS_IN_A_ROW:
        return f"{state.errors} errors in a row: {outcome.reply}"
    if outcome.state is not DeliveryState.ACCEPTED and state.recent.count(_ERROR) >= ERRORS_IN_RECENT:
        return f"{state.recent.count(_ERROR)} errors in the last {len(state.recent)} attempts: {outcome.reply}"
    return ""


def _cure(outcome: Outcome) -> str:
    """Return a hint about `reinstate` if the relay's reply is about the recipient; otherwise return an empty text.

    The first recipients who get such a reply are suppressed. Only the same reply to many others shows that it may be
    about our mail.
    """
    suppresses = is_about_recipient(outcome.reply.partition(" ")[2])
    return " (if it is wrong, `notifier reinstate --since` makes the SUPPRESSED active again)" if suppresses else ""


def _refused_alike_in_words(state: RelayState, outcome: Outcome, recipient: str, pauses: int) -> str:
    """Return, in words, how many domains or recipients got the same refusal; empty if they are too few for a pause.

    `pauses` is the number of pauses for this reason that there were already.
    """
    reply_hash = _reply_hash(outcome, recipient)
    refusals = [refusal.split(" ") for refusal in state.policy_refusals]
    recipients = Counter(domain for refused_with, domain, _ in refusals if refused_with == reply_hash)
    if len(recipients) >= REFUSED_DOMAINS[min(pauses, len(REFUSED_DOMAINS) - 1)]:
        return f"{len(recipients)} domains"
    domain, number = max(recipients.items(), key=lambda item: item[1], default=("", 0))
    enough = REFUSED_RECIPIENTS[min(pauses, len(REFUSED_RECIPIENTS) - 1)]
    return f"{number} recipients of {domain}" if number >= enough else ""


def _paused_state(state: RelayState, reason: str, outcome: Outcome, now: datetime) -> RelayState:
    is_refusal = outcome.relay in (RelayCondition.REFUSING, RelayCondition.POLICY)
    length = _pause_length(PAUSES_AFTER_REFUSAL if is_refusal else PAUSES_AFTER_OUTAGE, state.pauses)
    until = max(now + length, outcome.not_before or now)
    return replace(state, paused_until=until, reason=reason, pauses=state.pauses + 1)


def _pause_length(first_and_longest: tuple[timedelta, timedelta], pauses: int) -> timedelta:
    """Return the length of a pause after this many other pauses."""
    first, longest = first_and_longest
    return min(first * (1 << min(pauses, 10)), longest)
