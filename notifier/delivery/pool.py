"""The lanes of one sender: as many in use at once as the relay bears."""

from __future__ import annotations

from collections.abc import Sequence

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.transport import Transport
from notifier.models import DeliveryState

BURST = 5  # mails deferred in a row
STEADY = 10  # acceptances a lane for one lane more, once the relay has pushed back


class ParallelLimit:
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
        elif outcome.relay is not RelayCondition.UNTRIED:
            self._deferred = self._deferred + 1 if outcome.state is DeliveryState.DEFERRED else 0
            if outcome.is_relay_fault or self._deferred == BURST:
                self._lanes = max(1.0, self._lanes / 2)
                self._pushed_back = True
                self._deferred = 0


class TransportPool:
    """Lends lanes, the one used last first, so that no more connections are open than needed."""

    def __init__(self, lanes: Sequence[Transport]) -> None:
        self._free = list(lanes)
        self._width = ParallelLimit(len(lanes))
        self._in_use = 0

    @property
    def are_too_many(self) -> bool:
        """Whether more lanes are in use than the relay bears: one has to be given back."""
        return self._in_use > self._width.lanes

    @property
    def are_free(self) -> bool:
        """Whether one more may be used now."""
        return self._in_use < self._width.lanes

    def borrow(self) -> Transport:
        """A lane, where one is free."""
        self._in_use += 1
        return self._free.pop()

    def give_back(self, lane: Transport, *, is_connected: bool) -> None:
        """Return a lane; one that lost its connection is lent last."""
        self._in_use -= 1
        self._free.insert(len(self._free) if is_connected else 0, lane)

    def learn(self, outcome: Outcome) -> Outcome:
        """Take in what became of a mail; returns it in the light of the other lanes.

        A relay that cannot be reached while it serves others of this sender bears no more connections: it is busy.
        """
        if outcome.relay is RelayCondition.DOWN and self._in_use > 1:
            outcome = outcome._replace(relay=RelayCondition.BUSY)
        self._width.learn(outcome)
        return outcome
