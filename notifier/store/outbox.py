"""The outbox: rows claimed under a lease, settled by the hand that holds their epoch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select, update

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
    """Whether whom a claimed message is for has not left; a pause lets finish what a sender holds."""
    wanted = or_(delivery.c.subscriber_id.is_(None), ~_is_unwanted())
    return bool(connection.scalar(select(exists().where(delivery.c.id == delivery_id, wanted))))


def cancel_for(connection: Connection, subscriber_id: int, now: datetime) -> int:
    """Withdraw what is in nobody's hands for a subscriber who left; returns how many messages."""
    return _cancel(connection, delivery.c.subscriber_id == subscriber_id, now)


def cancel_unwanted(connection: Connection, now: datetime) -> int:
    """Withdraw what is in nobody's hands for all who left: a message may come back from a sender after they did."""
    return _cancel(connection, _is_unwanted(), now)


def has_unwanted(connection: Connection) -> bool:
    """Whether `cancel_unwanted` would find anything."""
    return bool(connection.scalar(select(exists().where(_is_free(), _is_unwanted()))))


def owners(connection: Connection) -> set[str]:
    """Every sender that holds a row."""
    return set(connection.scalars(select(delivery.c.owner).where(delivery.c.owner.is_not(None)).distinct()))


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether there is a row to claim."""
    return bool(connection.scalar(select(exists().where(_is_due(now), _may_be_sent()))))


def is_busy(connection: Connection, now: datetime) -> bool:
    """Whether a row is due or in some sender's hands."""
    due_or_held = or_(exists().where(_is_due(now), _may_be_sent()), exists().where(delivery.c.owner.is_not(None)))
    return bool(connection.scalar(select(due_or_held)))


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state that has any."""
    return dict(connection.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state)).all())


def troubles(connection: Connection, limit: int) -> list[Row[str, str, int]]:
    """What was said last of messages that were not accepted: state, reply and how many, the most frequent first."""
    unhappy = (DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.REJECTED, DeliveryState.UNCERTAIN)
    number = func.count()
    statement = select(delivery.c.state, delivery.c.reply, number).where(delivery.c.state.in_(unhappy))
    grouped = statement.group_by(delivery.c.state, delivery.c.reply).order_by(number.desc(), delivery.c.reply)
    return list(connection.execute(grouped.limit(limit)))


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


def _is_unwanted() -> ColumnElement[bool]:
    gone = (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)
    return delivery.c.subscriber_id.in_(select(subscriber.c.id).where(subscriber.c.state.in_(gone)))


def _is_free() -> ColumnElement[bool]:
    """Not settled for good, and in nobody's hands."""
    return and_(delivery.c.next_try.is_not(None), delivery.c.owner.is_(None))


def _cancel(connection: Connection, whose: ColumnElement[bool], now: datetime) -> int:
    cancelled = {"state": DeliveryState.CANCELLED, "next_try": None, "settled_at": now}
    return connection.execute(update(delivery).where(_is_free(), whose).values(cancelled)).rowcount
