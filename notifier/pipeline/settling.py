"""What an outcome makes of a claim: the row's next state, and when it is tried again. Pure."""

from __future__ import annotations

from datetime import datetime

from notifier.delivery.outcomes import Outcome
from notifier.delivery.schedule import next_try, next_try_uncertain
from notifier.models import DeliveryState
from notifier.store.outbox import Claim, Settlement


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
