"""Digests that grew too old in the outbox: they expire, and the next digest takes their items in.

One that the relay may have, because a connection or a sender was lost, neither expires nor is taken in: its papers
could reach the reader twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from notifier.models import DeliveryKind, DeliveryState, SubscriberState
from notifier.store.outbox import waits
from notifier.store.statements import batches
from notifier.store.tables import delivery, subscriber

_WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class UnsentDigest:
    """A digest that its reader never got, for the next digest to take in."""

    id: int
    items: str


def expire(connection: Connection, planned_before: datetime, now: datetime) -> int:
    """Expire what was planned before that, was tried, and never got through; returns how many messages.

    What was never tried, because no sender was running, is late but not lost: it is sent. What a reader's pause holds
    back expires only once it is over.
    """
    paused = exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == SubscriberState.PAUSED)
    old = and_(_is_old(planned_before), ~paused)
    expired = {"state": DeliveryState.EXPIRED, "next_try": None, "settled_at": now}
    return connection.execute(update(delivery).where(old).values(expired)).rowcount


def has_old(connection: Connection, planned_before: datetime) -> bool:
    """Whether `expire` may find anything."""
    return bool(connection.scalar(select(exists().where(_is_old(planned_before)))))


def unsent(
    connection: Connection, subscriber_ids: Iterable[int], *, lock: bool = False
) -> dict[int, tuple[UnsentDigest, ...]]:
    """The digests of each of these subscribers that their next one takes in, oldest first.

    With `lock` no sender can claim them before this transaction ends.
    """
    found: dict[int, tuple[UnsentDigest, ...]] = {}
    expired = and_(delivery.c.state == DeliveryState.EXPIRED, ~delivery.c.taken_in)
    for some in batches(subscriber_ids):
        row = delivery.c
        theirs = and_(row.subscriber_id.in_(some), row.kind == DeliveryKind.DIGEST, or_(_never_got_through(), expired))
        statement = select(row.id, row.subscriber_id, row["items"]).where(theirs).order_by(row.id)
        for each in connection.execute(statement.with_for_update() if lock else statement):
            found[each.subscriber_id] = (*found.get(each.subscriber_id, ()), UnsentDigest(each.id, each[2]))
    return found


def expire_as_taken_in(connection: Connection, digests: Collection[UnsentDigest], now: datetime) -> None:
    """Expire these digests: another that commits with this holds their items. They were locked."""
    taken = {"state": DeliveryState.EXPIRED, "next_try": None, "settled_at": now, "taken_in": True}
    for some in batches(each.id for each in digests):
        connection.execute(update(delivery).where(delivery.c.id.in_(some)).values(taken))


def _is_old(planned_before: datetime) -> ColumnElement[bool]:
    tried = or_(delivery.c.attempts > 0, delivery.c.state == DeliveryState.DEFERRED)
    return and_(waits(), tried, _never_got_through(), delivery.c.planned_at <= planned_before)


def _never_got_through() -> ColumnElement[bool]:
    return and_(delivery.c.state.in_(_WAITING), delivery.c.uncertain == 0, ~delivery.c.in_doubt)
