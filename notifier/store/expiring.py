"""Expire digests that were not sent, and include their items in the subscriber's next digest.

These are digests that still wait when the next one is planned, digests that expired because they could not be sent in
time, and digests whose mail was too large for the relay.

If a connection or a sender was lost while a digest was being sent, the relay may have the digest. Such a digest does
not expire, and its items are not included in another digest, because its papers could reach the subscriber twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from notifier.digests.items import NO_ITEMS
from notifier.models import KINDS_WITH_PAPERS, DeliveryState, SubscriberState
from notifier.store.outbox import is_mail, is_unsettled
from notifier.store.statements import batches
from notifier.store.tables import delivery, subscriber

_WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class UnsentDigest:
    """A digest that its subscriber did not get; the next digest includes its items."""

    id: int
    items: str


def expire(connection: Connection, planned_before: datetime, now: datetime) -> int:
    """Expire the mails and digests that were planned at `planned_before` or earlier, and were tried without success.

    Deliveries that the relay may have accepted do not expire. Deliveries that no sender has tried yet do not expire
    either. They are sent late, unless the next digest takes in their items first
    (`mark_taken_in`). Deliveries to paused subscribers expire only when the pause is over. Returns the number of
    deliveries that expired.
    """
    paused = exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == SubscriberState.PAUSED)
    old = and_(_is_old(planned_before), ~paused)
    expired = {"state": DeliveryState.EXPIRED, "next_try": None, "settled_at": now}
    return connection.execute(update(delivery).where(old).values(expired)).rowcount


def has_expirable(connection: Connection, planned_before: datetime) -> bool:
    """Return whether there may be deliveries that `expire` would change.

    This function ignores the pauses of subscribers, so it costs less than `expire`.
    """
    return bool(connection.scalar(select(exists().where(_is_old(planned_before)))))


def unsent_digests(
    connection: Connection, subscriber_ids: Iterable[int], *, lock: bool = False
) -> dict[int, tuple[UnsentDigest, ...]]:
    """Return, by subscriber, the digests and welcome mails whose items the next digest must include, oldest first.

    With `lock`, no sender can claim them before this transaction ends.
    """
    found: dict[int, tuple[UnsentDigest, ...]] = {}
    for batch in batches(subscriber_ids):
        row = delivery.c
        wanted = and_(
            row.subscriber_id.in_(batch),
            row.kind.in_(KINDS_WITH_PAPERS),
            row["items"] != NO_ITEMS,  # a welcome mail without papers is sent whenever it can be
            or_(_was_not_sent(), _ended_unsent()),
        )
        statement = select(row.id, row.subscriber_id, row["items"]).where(wanted).order_by(row.id)
        for delivery_id, subscriber_id, items in connection.execute(statement.with_for_update() if lock else statement):
            found[subscriber_id] = (*found.get(subscriber_id, ()), UnsentDigest(delivery_id, items))
    return found


def mark_taken_in(connection: Connection, digests: Collection[UnsentDigest], now: datetime) -> None:
    """Mark digests as expired and as taken in: a digest that is planned in this transaction includes their items.

    The caller has locked them with `unsent_digests`.
    """
    taken_in = {"state": DeliveryState.EXPIRED, "next_try": None, "settled_at": now, "taken_in": True}
    for batch in batches(digest.id for digest in digests):
        connection.execute(update(delivery).where(delivery.c.id.in_(batch)).values(taken_in))


def _is_old(planned_before: datetime) -> ColumnElement[bool]:
    tried = or_(delivery.c.attempts > 0, delivery.c.state == DeliveryState.DEFERRED)
    is_no_event = or_(is_mail(), delivery.c.subscriber_id.is_not(None))  # a channel's digest has a subscriber
    return and_(is_unsettled(), is_no_event, tried, _was_not_sent(), delivery.c.planned_at <= planned_before)


def _was_not_sent() -> ColumnElement[bool]:
    """Return the condition that a delivery waits, and that the relay certainly has not accepted it."""
    return and_(delivery.c.state.in_(_WAITING), _is_certain())


def _ended_unsent() -> ColumnElement[bool]:
    """Return the condition that a delivery expired or was too large, and that no later digest includes its items."""
    too_large = and_(delivery.c.state == DeliveryState.FAILED, delivery.c.too_large, _is_certain())
    return and_(or_(delivery.c.state == DeliveryState.EXPIRED, too_large), ~delivery.c.taken_in)


def _is_certain() -> ColumnElement[bool]:
    """Return the condition that the relay cannot have accepted the mail in any attempt."""
    return and_(delivery.c.uncertain == 0, ~delivery.c.in_doubt)
