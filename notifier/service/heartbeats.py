"""Record the heartbeats of the service's loops, which show whether each loop is still running."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

# A loop that has made no round for this long is stuck. One round may take long for a good reason: a relay may take 10
# minutes to reply to a mail (RFC 5321, section 4.5.3.2), and a large dump takes minutes.
LONGEST_ROUND_SECONDS = 20 * 60


class Heartbeats:
    """The times at which these loops last completed a round; a new loop counts as having just done so.

    A round is one pass through the work that a loop repeats.

    `monotonic` returns the seconds since some fixed moment.
    """

    def __init__(self, loops: Iterable[str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = dict.fromkeys(loops, monotonic())

    def beat(self, loop: str) -> None:
        """Record that a loop has completed a round, or a step of a long round."""
        self._last[loop] = self._monotonic()

    def late_loops(self) -> list[str]:
        """Return the names of the loops that have completed no round for LONGEST_ROUND_SECONDS."""
        now = self._monotonic()
        return [loop for loop, last in self._last.items() if now - last > LONGEST_ROUND_SECONDS]
