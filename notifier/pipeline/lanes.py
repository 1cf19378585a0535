"""The lanes of one sender: as many in use at once as the relay bears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from notifier.delivery.outcomes import Outcome, Relay
from notifier.delivery.transport import Transport
from notifier.delivery.width import Width


class Lanes:
    """Lends lanes, the one used last first, so that no more connections are open than needed."""

    def __init__(self, lanes: Sequence[Transport]) -> None:
        self._free = list(lanes)
        self._width = Width(len(lanes))
        self._in_use = 0
        self._changed = asyncio.Condition()

    async def borrow(self, gives_up: Callable[[], bool]) -> Transport | None:
        """A lane, as soon as one may be used; None where the borrower gives up, as it may after any change."""
        async with self._changed:
            await self._changed.wait_for(lambda: gives_up() or self._in_use < self._width.lanes)
            if gives_up():
                return None
            self._in_use += 1
            return self._free.pop()

    async def give_back(self, lane: Transport, outcome: Outcome | None) -> None:
        """Return a lane, with what became of its mail; None where that is not known."""
        async with self._changed:
            self._in_use -= 1
            if outcome is None or outcome.relay_fault:
                self._free.insert(0, lane)  # it lost its connection
            else:
                self._free.append(lane)
            if outcome is not None:
                self._width.learn(outcome)
            self._changed.notify_all()

    def judged(self, outcome: Outcome) -> Outcome:
        """An outcome in the light of the other lanes.

        A relay that cannot be reached while it serves others of this sender bears no more connections: it is busy.
        """
        if outcome.relay is Relay.DOWN and self._in_use > 1:
            return replace(outcome, relay=Relay.BUSY)
        return outcome
