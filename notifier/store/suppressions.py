"""Store suppressions: which subscribers get no mail because their addresses were refused, and with which reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, update

from notifier.models import EventType, SubscriberState
from notifier.store import events
from notifier.store.statements import batches, insert_all
from notifier.store.tables import subscriber, suppression

# Subscribers in these states can be suppressed. The others get no mail anyway, and those who have unsubscribed must
# stay unsubscribed.
_SUPPRESSIBLE = (SubscriberState.PENDING, SubscriberState.ACTIVE, SubscriberState.PAUSED)


class NewSuppression(NamedTuple):
    """A subscriber to suppress, and why: the relay's reply to a delivery, or another reason."""

    subscriber_id: int
    reply: str
    delivery_id: int | None = None


class SuppressedSubscriber(NamedTuple):
    """A suppressed subscriber, with the newest suppression.

    `at` and `state_before` are None if the suppression was not stored: it is older than the table of suppressions.
    """

    subscriber_id: int
    email: str
    at: datetime | None
    reply: str
    state_before: SubscriberState | None


def suppress(connection: Connection, new: Iterable[NewSuppression], now: datetime) -> None:
    """Suppress these subscribers and store the reasons, except for those who are unsubscribed or suppressed already."""
    by_id = {each.subscriber_id: each for each in new}
    for batch in batches(sorted(by_id)):
        suppressible = and_(subscriber.c.id.in_(batch), subscriber.c.state.in_(_SUPPRESSIBLE))
        columns = (subscriber.c.id, subscriber.c.state, subscriber.c.email)
        found = select(*columns).where(suppressible).order_by(subscriber.c.id).with_for_update()
        people = connection.execute(found).all()
        rows = [{**by_id[one.id]._asdict(), "at": now, "state_before": one.state} for one in people]
        insert_all(connection, suppression, rows)
        suppressed = {"state": SubscriberState.SUPPRESSED, "next_due": None}
        connection.execute(update(subscriber).where(subscriber.c.id.in_([one.id for one in people])).values(suppressed))
        told = [(one.id, one.email) for one in people if one.state != SubscriberState.PENDING]
        events.record_subscribers(connection, EventType.SUBSCRIBER_SUPPRESSED, told, now)


def suppressed(
    connection: Connection, since: datetime | None = None, reply: str = "", among: Sequence[int] | None = None
) -> list[SuppressedSubscriber]:
    """Return the suppressed subscribers in the order of their addresses.

    With `since`, only subscribers who were suppressed at or after that instant are returned. With `reply`, only those
    whose newest reply contains this text, in upper or lower case. With `among`, only those with these ids. All given
    conditions must hold.
    """
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(suppression.c.at >= since)
    if reply:
        conditions.append(suppression.c.reply.icontains(reply, autoescape=True))
    if among is None:
        found = connection.execute(_newest().where(*conditions)).all()
    else:
        found = [
            row
            for batch in batches(among)
            for row in connection.execute(_newest().where(*conditions, subscriber.c.id.in_(batch)))
        ]
    rows = [
        SuppressedSubscriber(each.id, each.email, each.at, each.reply or "", _state(each.state_before))
        for each in found
    ]
    return sorted(rows, key=lambda each: (each.email.casefold(), each.subscriber_id))


def count_between(connection: Connection, first: datetime, last: datetime) -> int:
    """Return how many subscribers were suppressed after `first` and until `last`, and still are."""
    of_time = and_(suppression.c.at > first, suppression.c.at <= last)
    still = subscriber.c.state == SubscriberState.SUPPRESSED
    counted = select(func.count(subscriber.c.id.distinct())).join_from(suppression, subscriber).where(of_time, still)
    return connection.scalar(counted) or 0


def all_of(connection: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return all suppressions of a subscriber, oldest first: the time, the reply, and the state before it."""
    found: Select[Any] = select(suppression.c.at, suppression.c.reply, suppression.c.state_before)
    mine = found.where(suppression.c.subscriber_id == subscriber_id)
    return list(connection.execute(mine.order_by(suppression.c.id)))


def lock_suppressed(connection: Connection, subscriber_ids: Sequence[int]) -> list[int]:
    """Return the ids of those subscribers who are still suppressed, and lock their rows until the transaction ends.

    The lock ensures that the caller does not reinstate a subscriber who unsubscribes in the meantime.
    """
    is_suppressed = and_(subscriber.c.id.in_(subscriber_ids), subscriber.c.state == SubscriberState.SUPPRESSED)
    locked = select(subscriber.c.id).where(is_suppressed).order_by(subscriber.c.id).with_for_update()
    return list(connection.scalars(locked))


def count_by_reply(connection: Connection) -> Counter[str]:
    """Count the suppressed subscribers by their newest reply."""
    newest = _newest().subquery()
    counted = select(newest.c.reply, func.count()).where(newest.c.reply.is_not(None)).group_by(newest.c.reply)
    return Counter(dict(connection.execute(counted).all()))


def _newest() -> Select[tuple[int, str, datetime | None, str | None, str | None]]:
    """Return a SELECT of the suppressed subscribers, each with the newest suppression if one is stored."""
    every = suppression.alias()
    of_subscriber = select(func.max(every.c.id)).where(every.c.subscriber_id == subscriber.c.id)
    newest_id = of_subscriber.correlate(subscriber).scalar_subquery()
    return (
        select(subscriber.c.id, subscriber.c.email, suppression.c.at, suppression.c.reply, suppression.c.state_before)
        .select_from(subscriber.outerjoin(suppression, suppression.c.id == newest_id))
        .where(subscriber.c.state == SubscriberState.SUPPRESSED)
    )


def _state(value: str | None) -> SubscriberState | None:
    return SubscriberState(value) if value else None
