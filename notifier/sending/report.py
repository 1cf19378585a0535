"""What a delivery run comes to, as it is told at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from notifier.delivery import Outcome
from notifier.models import DeliveryState

REASONS = 1000


@dataclass(slots=True)
class DeliveryReport:
    """How many messages ended this run in each state; `trouble` is why it paused the relay, if it did.

    `waits` is what the relay said that is left alone, by this run or an earlier one, if mail waits for that. `reasons`
    counts what was said of those that were not accepted: the first REASONS different ones.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    trouble: str | None = None
    waits: str | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one message."""
        self.states[outcome.state] += 1
        if outcome.state is DeliveryState.ACCEPTED:
            return
        reason = f"{outcome.state}: {outcome.reply}"
        if reason in self.reasons or len(self.reasons) < REASONS:
            self.reasons[reason] += 1
