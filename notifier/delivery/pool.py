"""Lend the SMTP connections of one sender, and limit how many of them are in use at once."""

from __future__ import annotations

from collections.abc import Sequence

from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.transport import Transport
from notifier.models import DeliveryState

DEFERRALS_IN_A_ROW = 5  # a sign of overload
ACCEPTANCES_TO_GROW = 10  # acceptances per connection before one more is added, after a first sign of overload


class ParallelLimit:
    """The number of connections that may be in use at once, from 1 to `cap`.

    At first it grows by one with each acceptance. A fault of the relay, such as a reply with code 421, is a sign of
    overload and halves the limit; so do DEFERRALS_IN_A_ROW deferred mails in a row. From then on, the limit grows by
    one only after ACCEPTANCES_TO_GROW acceptances for each connection that it allows.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._limit = 1.0
        self._was_overloaded = False
        self._deferred = 0

    @property
    def connections(self) -> int:
        """The number of connections that may be in use now."""
        return int(self._limit)

    def record(self, outcome: Outcome) -> None:
        """Adjust the limit to the outcome of a mail."""
        if outcome.state is DeliveryState.ACCEPTED:
            self._deferred = 0
            if self._limit < self._cap:
                step = 1 / (ACCEPTANCES_TO_GROW * self._limit) if self._was_overloaded else 1
                self._limit = min(float(self._cap), self._limit + step)
        elif outcome.relay is not RelayCondition.UNTRIED:
            self._deferred = self._deferred + 1 if outcome.state is DeliveryState.DEFERRED else 0
            if outcome.is_relay_fault or self._deferred == DEFERRALS_IN_A_ROW:
                self._limit = max(1.0, self._limit / 2)
                self._was_overloaded = True
                self._deferred = 0


class TransportPool:
    """Lends transports; it prefers the one used last, so that no more connections are open than needed."""

    def __init__(self, transports: Sequence[Transport]) -> None:
        self._free = list(transports)
        self._limit = ParallelLimit(len(transports))
        self._in_use = 0

    @property
    def is_over_limit(self) -> bool:
        """Whether more transports are in use than allowed, so that one has to be given back."""
        return self._in_use > self._limit.connections

    @property
    def has_free(self) -> bool:
        """Whether one more transport may be used now."""
        return self._in_use < self._limit.connections

    def acquire(self) -> Transport:
        """Take a free transport out of the pool; `has_free` must be true."""
        self._in_use += 1
        return self._free.pop()

    def release(self, transport: Transport, *, is_connected: bool) -> None:
        """Return a transport to the pool; one that has lost its connection is lent again only after all others."""
        self._in_use -= 1
        self._free.insert(len(self._free) if is_connected else 0, transport)

    def record(self, outcome: Outcome) -> Outcome:
        """Adjust the limit to the outcome of a mail, and return the outcome, corrected from DOWN to BUSY if necessary.

        A relay that refuses one connection while it serves others of this sender is not down: it only accepts no more
        connections.
        """
        if outcome.relay is RelayCondition.DOWN and self._in_use > 1:
            outcome = outcome._replace(relay=RelayCondition.BUSY)
        self._limit.record(outcome)
        return outcome
