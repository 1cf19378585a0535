"""The lanes of one sender: as many in use at once as the relay bears."""

from __future__ import annotations

from collections.abc import Sequence

from notifier.delivery.outcomes import Outcome, Relay
from notifier.delivery.transport import Transport
from notifier.delivery.width import Width


class Lanes:
    """Lends lanes, the one used last first, so that no more connections are open than needed."""

    def __init__(self, lanes: Sequence[Transport]) -> None:
        self._free = list(lanes)
        self._width = Width(len(lanes))
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
        if outcome.relay is Relay.DOWN and self._in_use > 1:
            outcome = outcome._replace(relay=Relay.BUSY)
        self._width.learn(outcome)
        return outcome
