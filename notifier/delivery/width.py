"""How many lanes are in use at once: more with success, half when the relay pushes back."""

from __future__ import annotations

from notifier.delivery.outcomes import Outcome, Relay
from notifier.models import DeliveryState

BURST = 5  # mails deferred in a row
STEADY = 10  # acceptances a lane for one lane more, once the relay has pushed back


class Width:
    """The number of lanes in use, from 1 to `cap`.

    It grows by one with each acceptance at first. Once the relay has pushed back (with a 421, or by deferring BURST
    mails in a row) it grows by one for STEADY acceptances of each lane.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._lanes = 1.0
        self._pushed_back = False
        self._deferred = 0

    @property
    def lanes(self) -> int:
        """How many lanes may be in use now."""
        return int(self._lanes)

    def learn(self, outcome: Outcome) -> None:
        """Take in what became of a mail."""
        if outcome.state is DeliveryState.ACCEPTED:
            self._deferred = 0
            if self._lanes < self._cap:
                step = 1 / (STEADY * self._lanes) if self._pushed_back else 1
                self._lanes = min(float(self._cap), self._lanes + step)
        elif outcome.relay is not Relay.UNTRIED:
            self._deferred = self._deferred + 1 if outcome.state is DeliveryState.DEFERRED else 0
            if outcome.relay_fault or self._deferred == BURST:
                self._lanes = max(1.0, self._lanes / 2)
                self._pushed_back = True
                self._deferred = 0
