"""What outcomes make of claims and of the relay: written down together, in one transaction for many."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from notifier.delivery import Outcome, breaker
from notifier.delivery.retries import next_try, next_try_uncertain
from notifier.models import DeliveryState, RelayState
from notifier.sending import pacing
from notifier.sending.claims import TimedClaim
from notifier.sending.sender import Sender
from notifier.store import outbox, relays, subscribers, writing
from notifier.store.outbox import Claim, Settlement

TAKEN = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)  # by the relay, or perhaps

log = logging.getLogger(__name__)


class Result(NamedTuple):
    """What became of a claim whose turn it was."""

    turn: TimedClaim
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SettleReport:
    """The outcomes that counted, and why the relay is paused, where these results paused it."""

    outcomes: Sequence[Outcome]
    pause: str | None
    is_open: bool


def settle(sender: Sender, results: Sequence[Result]) -> SettleReport:
    """Write down what became of these claims, who is written to no more, and how the relay stands."""
    now = sender.clock()
    with writing(sender.engine) as connection:
        before = relays.lock(connection, sender.relay)
        settlements = [(each.turn.claim, settlement(each.turn.claim, each.outcome, now)) for each in results]
        held = outbox.settle(connection, settlements, now)
        kept = [each for each in results if each.turn.claim.id in held]
        subscribers.suppress(connection, _refused(kept))
        after = relay_after(before, results, now)
        if after != before:
            relays.write(connection, sender.relay, after)
    _tell(before, after)
    is_new_pause = after.paused_until is not None and after.pauses != before.pauses
    return SettleReport(
        [each.outcome for each in kept], after.reason if is_new_pause else None, after.paused_until is None
    )


def settlement(claim: Claim, outcome: Outcome, now: datetime) -> Settlement:
    """The row after this outcome.

    A deferred mail is tried again by the schedule, of which only attempts of its own count. One left uncertain is sent
    again twice at most; then it stays so and is shown.
    """
    attempts = claim.attempts + outcome.counted
    match outcome.state:
        case DeliveryState.DEFERRED:
            return Settlement(
                outcome.state, outcome.reply, next_try(attempts, now, claim.id), attempts, claim.uncertain
            )
        case DeliveryState.UNCERTAIN:
            times = claim.uncertain + 1
            return Settlement(outcome.state, outcome.reply, next_try_uncertain(times, now), attempts, times)
        case _:
            return Settlement(outcome.state, outcome.reply, None, attempts, claim.uncertain)


def relay_after(state: RelayState, results: Sequence[Result], now: datetime) -> RelayState:
    """The relay after these results, in their order; those of rows that passed to another hand are answers too."""
    for is_usual, some in groupby(results, _is_usual):
        if is_usual:
            state = breaker.after_acceptances(state, len(list(some)))
            continue
        for each in some:
            domain = each.turn.claim.recipient.rpartition("@")[2].lower()
            state = breaker.after(state, each.outcome, domain, now, is_probe=each.turn.is_probe)
    taken = sum(each.outcome.state in TAKEN for each in results)
    return pacing.counted(state, taken, now) if taken else state


def _is_usual(each: Result) -> bool:
    return each.outcome.state is DeliveryState.ACCEPTED and not each.turn.is_probe


def _refused(results: Sequence[Result]) -> list[int]:
    claims = [each.turn.claim for each in results if each.outcome.state is DeliveryState.REJECTED]
    return [claim.subscriber_id for claim in claims if claim.subscriber_id is not None]


def _tell(before: RelayState, after: RelayState) -> None:
    """The alert: a line in the log, which an operator's own watch can find; `status` shows the same."""
    if after.paused_until and after.pauses != before.pauses:
        log.warning("the relay is left alone until %s UTC: %s", f"{after.paused_until:%Y-%m-%d %H:%M:%S}", after.reason)
    elif before.paused_until and not after.paused_until:
        log.info("the relay takes mail again")
