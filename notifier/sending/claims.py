"""Claim outbox rows: as many due rows as the relay's limits allow, each with the time at which it may be sent.

The module also renews the leases of claims, releases claims, and cleans up after senders that died.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from notifier.delivery.breaker import (
    PROBE_LEASE,
    RelayAccess,
    relay_access,
    remaining_pause,
    start_of_pause_that_may_end_early,
)
from notifier.delivery.retries import LIFETIME, LONGEST_WAIT
from notifier.files import owner_is_gone, remove_owner_lock
from notifier.models import RelayState
from notifier.sending import pacing
from notifier.sending.sender import Sender
from notifier.store import expiring, outbox, reading, relays, retried, writing
from notifier.store.log_reserve import reserve_log
from notifier.store.outbox import Claim, ClaimOrder

# The most rows that are claimed at once. When a run ends, it releases the rows whose mails it has not sent. After a
# crash, the mail of any claimed row may have been sent. It is then sent again unchanged, and its papers cannot move to
# the next digest.
BATCH = 200
LONGEST_AWAITED_PAUSE = timedelta(seconds=15)  # a run waits for a shorter pause, such as that of a relay's restart


class TimedClaim(NamedTuple):
    """A claim and the time at which it may be sent.

    `is_probe` is true for the one mail that tests a relay to which sending has been paused.
    """

    claim: Claim
    send_at: datetime
    is_probe: bool


@dataclass(frozen=True, slots=True)
class CleanupCounts:
    """The numbers of messages that were cancelled and that expired."""

    cancelled: int = 0
    expired: int = 0


@retried
def claim_next(sender: Sender, owner: str) -> list[TimedClaim]:
    """Claim the rows that `owner` may send next.

    The list is empty if nothing is due, if sending is paused, or if the day's limit is reached. Raises DiskFullError if
    there is no space for the results of these mails.
    """
    now = sender.clock()
    with reading(sender.engine) as connection:
        state = relays.read(connection, sender.relay)
        is_closed = _access(connection, state, now) is RelayAccess.CLOSED
        if is_closed or not outbox.is_due(connection, now, sender.endpoint_id):
            return []
    with writing(sender.engine) as connection:
        reserve_log(connection)
        state = relays.lock(connection, sender.relay)
        access = _access(connection, state, now)
        access_limit = {
            RelayAccess.OPEN: pacing.claim_limit(sender.rates, BATCH),
            RelayAccess.PROBE: 1,
            RelayAccess.CLOSED: 0,
        }[access]
        under_way = outbox.count_leased(connection) if sender.rates.per_day else 0
        remaining = pacing.remaining_today(state, sender.rates, now, under_way)
        limit = access_limit if remaining is None else min(access_limit, remaining)
        order = _order(sender, access, state)
        claims = outbox.claim(connection, owner, now, limit, order, endpoint_id=sender.endpoint_id)
        is_probe = access is RelayAccess.PROBE and bool(claims)
        new_state, send_times = pacing.send_times(state, sender.rates, now, len(claims))
        if is_probe:
            new_state = replace(new_state, probe_owner=owner, probe_until=now + PROBE_LEASE)
        if new_state != state:
            relays.write(connection, sender.relay, new_state)
    return [TimedClaim(claim, send_at, is_probe) for claim, send_at in zip(claims, send_times, strict=True)]


def _access(connection: Connection, state: RelayState, now: datetime) -> RelayAccess:
    """Return the relay's access; a mail that was planned during a pause may probe the relay before the pause ends."""
    access = relay_access(state, now)
    if access is RelayAccess.CLOSED and (began := start_of_pause_that_may_end_early(state, now)):
        planned_at = outbox.newest_new_row(connection)
        return RelayAccess.PROBE if planned_at and began < planned_at <= now else access
    return access


def _order(sender: Sender, access: RelayAccess, state: RelayState) -> ClaimOrder:
    # An endpoint may refuse one event whenever it is sent. A new event is the better probe then.
    if access is not RelayAccess.PROBE or sender.endpoint_id is not None:
        return ClaimOrder.WAITED_LONGEST
    # After refusals, a mail that was refused before is no useful probe: it may be refused again although the relay
    # accepts others.
    return ClaimOrder.UNREFUSED if state.policy_refusals else ClaimOrder.RETRIES


def is_worth_waiting(sender: Sender) -> bool:
    """Return whether a row is due or leased, sending is not paused for long, and the day's limit is not reached."""
    now = sender.clock()
    with reading(sender.engine) as connection:
        state = relays.read(connection, sender.relay)
        remaining = pacing.remaining_today(state, sender.rates, now, 0)
        is_short_pause = remaining_pause(state, now) < LONGEST_AWAITED_PAUSE
        return is_short_pause and remaining != 0 and outbox.is_busy(connection, now)


def reason_for_waiting(sender: Sender) -> str | None:
    """Return why sending is paused if mail is due, or None if no mail waits for the end of a pause."""
    now = sender.clock()
    with reading(sender.engine) as connection:
        state = relays.read(connection, sender.relay)
        return state.reason if state.paused_until and outbox.is_due(connection, now) else None


@retried
def renew_leases(sender: Sender, owner: str) -> None:
    """Extend the leases of all rows that `owner` has claimed, and the owner's right to probe the relay."""
    now = sender.clock()
    with writing(sender.engine) as connection:
        outbox.renew(connection, owner, now)
        relays.renew_probe(connection, owner, now + PROBE_LEASE)


@retried
def release_claims(sender: Sender, owner: str, *, in_doubt: bool) -> None:
    """Release all claims of `owner`, so that other senders can claim the rows at once.

    `in_doubt` must be true if some of their mails may have been sent.
    """
    with writing(sender.engine) as connection:
        relays.end_probes(connection, [owner])
        outbox.release(connection, [owner], in_doubt=in_doubt)


@retried
def clean_up(sender: Sender, owner: str) -> CleanupCounts:
    """Clean up the outbox, and return how many messages were cancelled and how many expired.

    Releases the rows of senders that died, cancels the rows of subscribers who left, and expires old rows. If the clock
    has been set back, ends of leases and times of retries may be too far in the future. These are brought nearer.
    """
    now = sender.clock()
    oldest = now - LIFETIME
    with reading(sender.engine) as connection:
        others = (outbox.owners(connection) | relays.probe_owners(connection)) - {owner}
        has_work = (
            outbox.has_unwanted(connection)
            or expiring.has_expirable(connection, oldest)
            or outbox.has_overlong_waits(connection, now, LONGEST_WAIT)
        )
    gone = [other for other in others if owner_is_gone(sender.owners_folder, other)]
    if not gone and not has_work:
        return CleanupCounts()
    with writing(sender.engine) as connection:
        outbox.release(connection, gone, in_doubt=True)
        relays.end_probes(connection, gone)
        outbox.limit_waits(connection, now, LONGEST_WAIT)
        expired = expiring.expire(connection, oldest, now)
        counts = CleanupCounts(outbox.cancel_unwanted(connection, now), expired)
    for owner_gone in gone:
        remove_owner_lock(sender.owners_folder, owner_gone)
    return counts
