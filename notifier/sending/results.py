"""Store the results of sent mails: update the rows, the subscribers and the relay's state in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection

from notifier.delivery import Outcome, RelayCondition, breaker
from notifier.delivery.retries import LIFETIME, next_try, next_try_if_uncertain
from notifier.models import DeliveryKind, DeliveryState, EventType, RelayState
from notifier.sending import pacing
from notifier.sending.claims import TimedClaim
from notifier.sending.sender import Sender
from notifier.store import endpoints, events, outbox, relays, retried, suppressions, writing
from notifier.store.outbox import Claim, Settlement
from notifier.store.suppressions import NewSuppression

COUNTED_AS_SENT = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)  # the relay has the mail, or may have it

log = logging.getLogger(__name__)


class Result(NamedTuple):
    """A claim and the outcome of sending its mail."""

    timed_claim: TimedClaim
    outcome: Outcome

    @property
    def claim(self) -> Claim:
        """The claim without its send time."""
        return self.timed_claim.claim


@dataclass(frozen=True, slots=True)
class SettleReport:
    """The changes that settling a group of results has made.

    `outcomes` are those that were stored. If these results have paused sending, `pause_reason` says why. `is_open` is
    True unless sending is paused, by these results or earlier.
    """

    outcomes: Sequence[Outcome]
    pause_reason: str | None
    is_open: bool


@retried
def settle(sender: Sender, results: Sequence[Result]) -> SettleReport:
    """Store the results of claims, suppress subscribers whose addresses were rejected, and update the relay's state.

    The result of a claim that another sender has taken over is not stored.
    """
    now = sender.clock()
    with writing(sender.engine) as connection:
        before = relays.lock(connection, sender.relay)
        results, after = _with_relay_state(before, results, _refused_before(connection, results), now)
        settlements = [(result.claim, settlement(result.claim, result.outcome, now)) for result in results]
        settled_ids = outbox.settle(connection, settlements, now)
        stored = [result for result in results if result.claim.id in settled_ids]
        suppressions.suppress(connection, _suppressions(stored), now)
        events.record(connection, EventType.DIGEST_ACCEPTED, _accepted_digests(stored), now)
        if sender.endpoint_id is not None:
            _disable_if_necessary(connection, sender.endpoint_id, stored, now)
        if after != before:
            relays.write(connection, sender.relay, after)
    _log_pause(before, after, sender.endpoint_id)
    is_new_pause = after.paused_until is not None and after.pauses != before.pauses
    return SettleReport(
        outcomes=[result.outcome for result in stored],
        pause_reason=after.reason if is_new_pause else None,
        is_open=after.paused_until is None,
    )


def settlement(claim: Claim, outcome: Outcome, now: datetime) -> Settlement:
    """Return the new values of a row after an outcome.

    A deferred mail is tried again after a delay that grows with the number of counted attempts. A mail whose outcome
    was uncertain is sent again twice at most; then it stays UNCERTAIN and is shown to the operator. An event that is
    deferred when it is older than LIFETIME has FAILED, because no later event takes its content in.
    """
    attempts = claim.attempts + outcome.counts_as_attempt
    match outcome.state:
        case DeliveryState.DEFERRED if claim.kind == DeliveryKind.EVENT and now - claim.planned_at >= LIFETIME:
            return Settlement(DeliveryState.FAILED, outcome.reply, None, attempts, claim.uncertain)
        case DeliveryState.DEFERRED:
            at = max(next_try(attempts, now, claim.id), outcome.not_before or now)
            return Settlement(outcome.state, outcome.reply, at, attempts, claim.uncertain)
        case DeliveryState.UNCERTAIN:
            times = claim.uncertain + 1
            return Settlement(outcome.state, outcome.reply, next_try_if_uncertain(times, now), attempts, times)
        case _:
            return Settlement(outcome.state, outcome.reply, None, attempts, claim.uncertain, outcome.is_too_large)


def _with_relay_state(
    state: RelayState, results: Sequence[Result], refused_before: set[int], now: datetime
) -> tuple[list[Result], RelayState]:
    """Return the results in their order, with doubtful refusals as deferrals, and the relay's state after all of them.

    The results of claims that another sender has taken over count too, because they are replies of the relay.
    """
    final: list[Result] = []
    for are_acceptances, group in groupby(results, _is_ordinary_acceptance):
        if are_acceptances:
            accepted = list(group)
            state = breaker.state_after_acceptances(state, len(accepted))
            final += accepted
            continue
        for result in group:
            recipient, is_probe = result.claim.recipient, result.timed_claim.is_probe
            was_refused = result.claim.id in refused_before
            outcome = breaker.with_doubtful_refusal_deferred(state, result.outcome, recipient, was_refused=was_refused)
            state = breaker.state_after(state, outcome, recipient, now, is_probe=is_probe, was_refused=was_refused)
            final.append(Result(result.timed_claim, outcome))
    sent = sum(result.outcome.state in COUNTED_AS_SENT for result in results)
    return final, pacing.with_sent_counted(state, sent, now) if sent else state


def _refused_before(connection: Connection, results: Sequence[Result]) -> set[int]:
    """Return the ids of the deliveries that were refused now, and whose recipients had been refused before."""
    refused = [
        result.claim.id
        for result in results
        if result.outcome.state is DeliveryState.REJECTED or result.outcome.relay is RelayCondition.POLICY
    ]
    return outbox.refused_before(connection, refused) if refused else set()


def _is_ordinary_acceptance(result: Result) -> bool:
    return result.outcome.state is DeliveryState.ACCEPTED and not result.timed_claim.is_probe


def _suppressions(results: Sequence[Result]) -> list[NewSuppression]:
    return [
        NewSuppression(claim.subscriber_id, outcome.reply, claim.id)
        for claim, outcome in ((result.claim, result.outcome) for result in results)
        if outcome.state is DeliveryState.REJECTED and claim.subscriber_id is not None
    ]


def _accepted_digests(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return what an event tells of the digests that were accepted; the address is left out."""
    return [
        {"delivery": claim.id, "subscriber": claim.subscriber_id, "period": claim.period}
        for claim, outcome in ((result.claim, result.outcome) for result in results)
        if outcome.state is DeliveryState.ACCEPTED and claim.kind == DeliveryKind.DIGEST
    ]


def _disable_if_necessary(connection: Connection, endpoint_id: int, results: Sequence[Result], now: datetime) -> None:
    if reason := _reason_to_disable(connection, endpoint_id, results, now):
        endpoints.disable(connection, endpoint_id, reason, now)
        log.warning("nothing more is sent to endpoint %d: %s", endpoint_id, reason)


def _reason_to_disable(connection: Connection, endpoint_id: int, results: Sequence[Result], now: datetime) -> str:
    """Return why nothing more is to be sent to an endpoint; an empty text if it stays enabled.

    It is disabled if it wants no more, if it is a channel that refuses us, or if it has accepted nothing since
    something was planned that is older than LIFETIME and still deferred.
    """
    for claim, outcome in ((result.claim, result.outcome) for result in results):
        if outcome.state is DeliveryState.REJECTED or outcome.relay is RelayCondition.REFUSING:
            return outcome.reply
        is_old = outcome.state is DeliveryState.DEFERRED and now - claim.planned_at >= LIFETIME
        if is_old and not endpoints.has_accepted_since(connection, endpoint_id, claim.planned_at):
            return f"it has accepted nothing for {LIFETIME.days} days: {outcome.reply}"
    return ""


def _log_pause(before: RelayState, after: RelayState, endpoint_id: int | None) -> None:
    """Log the beginning and the end of a pause, so that an operator's monitoring can find them."""
    mail, relay = ("mail", "the relay") if endpoint_id is None else ("message", f"endpoint {endpoint_id}")
    if after.paused_until and after.pauses != before.pauses:
        until = f"{after.paused_until:%Y-%m-%d %H:%M:%S}"
        log.warning("no %s is sent until %s UTC, because of the reply of %s: %s", mail, until, relay, after.reason)
    elif before.paused_until and not after.paused_until:
        log.info("%s accepts messages again", relay)
