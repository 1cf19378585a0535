"""What a sender takes into its hands: rows that are due, as many as the relay may be given, each with its turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from notifier.delivery.breaker import PROBE_LEASE, Gate, gate, paused_for
from notifier.delivery.retries import LIFETIME, LONGEST_WAIT
from notifier.files import owner_is_gone, remove_owner_lock
from notifier.sending import pacing
from notifier.sending.sender import Sender
from notifier.store import expiring, outbox, reading, relays, writing
from notifier.store.outbox import Claim

# Rows claimed at once. What is not on the wire yet goes back when a run ends; after a crash all of it is in doubt, and
# so is sent as it is, instead of joining the next digest.
BATCH = 200
SHORT_PAUSE = timedelta(seconds=15)  # of a relay that is being restarted: worth waiting for


class TimedClaim(NamedTuple):
    """A claim, when it may be sent, and whether it is the one mail that tries a relay that was paused."""

    claim: Claim
    at: datetime
    is_probe: bool


@dataclass(frozen=True, slots=True)
class CleanupCounts:
    """How many messages were withdrawn, and how many expired."""

    cancelled: int = 0
    expired: int = 0


def take(sender: Sender, owner: str) -> list[TimedClaim]:
    """Claim what may be sent next; nothing where nothing is due, or the relay is paused or has had its day's mail."""
    now = sender.clock()
    with reading(sender.engine) as connection:
        state = relays.read(connection, sender.relay)
        if gate(state, now) is Gate.CLOSED or not outbox.is_due(connection, now):
            return []
    with writing(sender.engine) as connection:
        state = relays.lock(connection, sender.relay)
        opened = gate(state, now)
        wanted = {Gate.OPEN: pacing.claim_limit(sender.rates, BATCH), Gate.PROBE: 1, Gate.CLOSED: 0}[opened]
        under_way = outbox.under_way(connection) if sender.rates.per_day else 0
        left = pacing.allowed(state, sender.rates, now, under_way)
        limit = wanted if left is None else min(wanted, left)
        claims = outbox.claim(connection, owner, now, limit, tried_first=opened is Gate.PROBE)
        is_probe = opened is Gate.PROBE and bool(claims)
        taken, turns = pacing.turns(state, sender.rates, now, len(claims))
        if is_probe:
            taken = replace(taken, probe_owner=owner, probe_until=now + PROBE_LEASE)
        if taken != state:
            relays.write(connection, sender.relay, taken)
    return [TimedClaim(claim, at, is_probe) for claim, at in zip(claims, turns, strict=True)]


def is_worth_waiting(sender: Sender) -> bool:
    """Whether there soon may be something to send, or another sender may let go of what it holds."""
    now = sender.clock()
    with reading(sender.engine) as connection:
        state = relays.read(connection, sender.relay)
        left = pacing.allowed(state, sender.rates, now, 0)
        return paused_for(state, now) < SHORT_PAUSE and left != 0 and outbox.is_busy(connection, now)


def why_it_waits(sender: Sender) -> str | None:
    """What the relay said that is left alone, where mail is due for it; None where nothing waits for that."""
    now = sender.clock()
    with reading(sender.engine) as connection:
        state = relays.read(connection, sender.relay)
        return state.reason if state.paused_until and outbox.is_due(connection, now) else None


def renew(sender: Sender, owner: str) -> None:
    """Keep what this sender holds for another lease."""
    now = sender.clock()
    with writing(sender.engine) as connection:
        outbox.renew(connection, owner, now)
        relays.renew_probe(connection, owner, now + PROBE_LEASE)


def give_back(sender: Sender, owner: str, *, in_doubt: bool) -> None:
    """Let others have at once what this sender holds; `in_doubt` where it may have sent some of it."""
    with writing(sender.engine) as connection:
        relays.end_probes(connection, [owner])
        outbox.release(connection, [owner], in_doubt=in_doubt)


def tidy(sender: Sender, owner: str) -> CleanupCounts:
    """Free the rows of senders that died, withdraw those of readers who left, expire the old, and mend the times of a
    clock that was set back."""
    now = sender.clock()
    old = now - LIFETIME
    with reading(sender.engine) as connection:
        others = (outbox.owners(connection) | relays.probe_owners(connection)) - {owner}
        is_untidy = (
            outbox.has_unwanted(connection)
            or expiring.has_old(connection, old)
            or outbox.has_late(connection, now, LONGEST_WAIT)
        )
    gone = [other for other in others if owner_is_gone(sender.owners_folder, other)]
    if not gone and not is_untidy:
        return CleanupCounts()
    with writing(sender.engine) as connection:
        outbox.release(connection, gone, in_doubt=True)
        relays.end_probes(connection, gone)
        outbox.clamp(connection, now, LONGEST_WAIT)
        expired = expiring.expire(connection, old, now)
        done = CleanupCounts(outbox.cancel_unwanted(connection, now), expired)
    for owner_gone in gone:
        remove_owner_lock(sender.owners_folder, owner_gone)
    return done
