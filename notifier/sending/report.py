"""Count the outcomes of a delivery run for its report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from notifier.delivery import Outcome
from notifier.models import DeliveryState

MAX_REASONS = 1000


@dataclass(slots=True)
class DeliveryReport:
    """The numbers of messages that ended a run in each state, and the reasons why some were not accepted.

    `reasons` counts the reasons why messages were not accepted; only the first MAX_REASONS different ones are kept.
    `pause_reason` says why this run paused sending, if it did. If mail is still due at the end of the run because
    sending is paused, `waiting_reason` says why this run or an earlier one paused it. `events` is the report of the
    events that were sent beside the mail.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    pause_reason: str | None = None
    waiting_reason: str | None = None
    events: DeliveryReport | None = None

    def add(self, outcome: Outcome) -> None:
        """Count the outcome of one message."""
        self.states[outcome.state] += 1
        if outcome.state is DeliveryState.ACCEPTED:
            return
        reason = f"{outcome.state}: {outcome.reply}"
        if reason in self.reasons or len(self.reasons) < MAX_REASONS:
            self.reasons[reason] += 1
