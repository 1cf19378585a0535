"""The outbox: rows claimed under a lease, settled by the hand that holds their epoch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from notifier.models import DeliveryKind, DeliveryState, SubscriberState
from notifier.store.statements import insert_all
from notifier.store.tables import delivery, subscriber

LEASE = timedelta(seconds=60)
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # a pending row's next try: due whatever becomes of the clock


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this sender holds until its lease ends; `epoch` proves it when the row is settled."""

    id: int
    epoch: int
    subscriber_id: int | None
    recipient: str
    period: str
    message_id: str
    subject: str
    items: str
    planned_at: datetime
    attempts: int
    uncertain: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of a claim. `next_try` is None where the state is final."""

    state: DeliveryState
    reply: str
    next_try: datetime | None
    attempts: int
    uncertain: int


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Put planned messages into the outbox."""
    insert_all(connection, delivery, rows)


def claim(connection: Connection, owner: str, now: datetime) -> Claim | None:
    """Lease the row that has waited longest, if any is due; a row whose lease ran out is due again."""
    oldest = (
        select(delivery.c.id)
        .where(_is_due(now), _may_be_sent())
        .order_by(delivery.c.next_try, delivery.c.id)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        update(delivery)
        .where(delivery.c.id == oldest)
        .values(state=DeliveryState.LEASED, owner=owner, next_try=now + LEASE, epoch=delivery.c.epoch + 1)
        .returning(*(delivery.c[each.name] for each in fields(Claim)))
    )
    row = connection.execute(statement).one_or_none()
    return Claim(**row._mapping) if row else None


def settle(connection: Connection, claimed: Claim, settlement: Settlement, now: datetime) -> bool:
    """Write down what became of a claim; False where the row has passed to another hand, whose word then counts."""
    values = {each.name: getattr(settlement, each.name) for each in fields(Settlement)}
    held = and_(
        delivery.c.id == claimed.id, delivery.c.epoch == claimed.epoch, delivery.c.state == DeliveryState.LEASED
    )
    return connection.execute(update(delivery).where(held).values(**values, settled_at=now, owner=None)).rowcount == 1


def renew(connection: Connection, owner: str, now: datetime) -> None:
    """Keep this owner's leases for another LEASE."""
    connection.execute(update(delivery).where(delivery.c.owner == owner).values(next_try=now + LEASE))


def release(connection: Connection, owners: Collection[str]) -> None:
    """Let others have at once what these owners hold: they are gone, or did not come to settle it."""
    freed = {"state": DeliveryState.PENDING, "next_try": AT_ONCE, "owner": None}
    connection.execute(update(delivery).where(delivery.c.owner.in_(owners)).values(freed))


def may_be_sent(connection: Connection, delivery_id: int) -> bool:
    """Whether whom a claimed message is for is still to be written to."""
    return connection.scalar(select(delivery.c.id).where(delivery.c.id == delivery_id, _may_be_sent())) is not None


def cancel_for(connection: Connection, subscriber_id: int, now: datetime) -> int:
    """Withdraw what is in nobody's hands for a subscriber who left; returns how many messages."""
    return _cancel(connection, delivery.c.subscriber_id == subscriber_id, now)


def cancel_unwanted(connection: Connection, now: datetime) -> int:
    """Withdraw what is in nobody's hands for all who left: a message may come back from a sender after they did."""
    gone = (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)
    left = select(subscriber.c.id).where(subscriber.c.state.in_(gone))
    return _cancel(connection, delivery.c.subscriber_id.in_(left), now)


def owners(connection: Connection) -> set[str]:
    """Every sender that holds a row."""
    return set(connection.scalars(select(delivery.c.owner).where(delivery.c.owner.is_not(None)).distinct()))


def is_busy(connection: Connection, now: datetime) -> bool:
    """Whether a row is due or in some sender's hands."""
    due_or_held = or_(exists().where(_is_due(now), _may_be_sent()), exists().where(delivery.c.owner.is_not(None)))
    return bool(connection.scalar(select(due_or_held)))


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state that has any."""
    return dict(connection.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state)).all())


def held_items(connection: Connection, subscriber_id: int) -> list[str]:
    """The items of every digest of a subscriber: what they were told, or are about to be."""
    kept = delivery.c.state.not_in((DeliveryState.SKIPPED, DeliveryState.EXPIRED))
    digests = and_(delivery.c.subscriber_id == subscriber_id, delivery.c.kind == DeliveryKind.DIGEST, kept)
    return list(connection.scalars(select(delivery.c["items"]).where(digests)))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return delivery.c.next_try <= now


def _may_be_sent() -> ColumnElement[bool]:
    """Only to an active subscriber, or to somebody who is none (an alert to the operator)."""
    active = select(subscriber.c.id).where(subscriber.c.state == SubscriberState.ACTIVE)
    return or_(delivery.c.subscriber_id.is_(None), delivery.c.subscriber_id.in_(active))


def _cancel(connection: Connection, whose: ColumnElement[bool], now: datetime) -> int:
    open_rows = and_(delivery.c.next_try.is_not(None), delivery.c.owner.is_(None), whose)
    cancelled = {"state": DeliveryState.CANCELLED, "next_try": None, "settled_at": now}
    return connection.execute(update(delivery).where(open_rows).values(cancelled)).rowcount
