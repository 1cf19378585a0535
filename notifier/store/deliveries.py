"""Read deliveries for operators and for subscribers, and make the changes that an operator asks for.

The statements with which senders claim and settle deliveries are in `outbox`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, literal, or_, select, update

from notifier.errors import UsageError
from notifier.models import KINDS_WITH_PAPERS, DeliveryState
from notifier.store.outbox import AT_ONCE, is_unsettled
from notifier.store.tables import LARGEST_ID, NOT_ACCEPTED, delivery

_NOT_ACCEPTED = (DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.REJECTED, DeliveryState.UNCERTAIN)
# Deliveries in all other states wait for something: for a sender, or for the operator.
_DONE = (DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.CANCELLED, DeliveryState.EXPIRED)

# The columns that lists show. The items are left out, because they are long.
_LISTED = [delivery.c[name] for name in ("id", "recipient", "kind", "period", "state", "planned_at", "next_try")]
_LISTED += [delivery.c[name] for name in ("attempts", "uncertain", "reply", "settled_at", "message_id", "subject")]


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return the number of deliveries in each state; states without deliveries are left out.

    Those that are accepted are not counted one by one: their number is that of all deliveries minus the others.
    """
    state, found = delivery.c.state, Counter[str]()
    for wanted in (is_unsettled(), NOT_ACCEPTED):
        found.update(dict(connection.execute(select(state, func.count()).where(wanted).group_by(state)).all()))
    all_rows = connection.scalar(select(func.count()).select_from(delivery)) or 0
    found[DeliveryState.ACCEPTED] += all_rows - found.total()
    return {state: number for state, number in found.items() if number}


def count_due(connection: Connection, now: datetime) -> int:
    """Return the number of deliveries whose next try is due at `now`."""
    return connection.scalar(select(func.count()).where(delivery.c.next_try <= now)) or 0


def oldest_by_state(connection: Connection) -> dict[str, datetime]:
    """Return when the oldest delivery was planned, for each state that waits for a sender or for the operator."""
    oldest = func.min(delivery.c.planned_at, type_=delivery.c.planned_at.type)
    waiting = _are([state for state in DeliveryState if state not in _DONE])
    return dict(connection.execute(select(delivery.c.state, oldest).where(waiting).group_by(delivery.c.state)).all())


def troubles(connection: Connection, limit: int) -> list[Row[str, str, int]]:
    """Count the deliveries that were not accepted, by state and last reply.

    Returns rows of state, reply and count, the highest count first, at most `limit`.
    """
    number = func.count()
    statement = select(delivery.c.state, delivery.c.reply, number).where(_are(_NOT_ACCEPTED))
    grouped = statement.group_by(delivery.c.state, delivery.c.reply).order_by(number.desc(), delivery.c.reply)
    return list(connection.execute(grouped.limit(limit)))


def newest(connection: Connection, limit: int | None) -> Sequence[Row[Any]]:
    """Return the deliveries that wait for a sender or for the operator, then the others, both newest first.

    Returns at most `limit` rows, or all rows if `limit` is None.
    """
    is_done = case((delivery.c.state.in_(_DONE), 1), else_=0)
    return connection.execute(select(*_LISTED).order_by(is_done, delivery.c.id.desc()).limit(limit)).all()


def listed(
    connection: Connection, before: int, limit: int, state: DeliveryState | None = None, recipient: str | None = None
) -> Sequence[Row[Any]]:
    """Return at most `limit` deliveries with ids below `before`, newest first.

    Only those in a state, or to an address in upper or lower case, are returned if it is given.
    """
    wanted: Select[Any] = select(*_LISTED).where(delivery.c.id < min(max(before, 0), LARGEST_ID))
    if state is not None:
        wanted = wanted.where(delivery.c.state == state)
    if recipient is not None:
        wanted = wanted.where(func.lower(delivery.c.recipient) == recipient.lower())
    return connection.execute(wanted.order_by(delivery.c.id.desc()).limit(limit)).all()


def get(connection: Connection, delivery_id: int, *, lock: bool = False) -> Row[Any]:
    """Return the whole row of a delivery; with `lock`, the row is locked until this transaction ends.

    Raises UsageError if there is no such delivery.
    """
    statement = select(delivery).where(delivery.c.id == min(max(delivery_id, 0), LARGEST_ID))
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise UsageError(f"there is no delivery {delivery_id}; `notifier deliveries` lists them")
    return row


def accepted_by_hour(connection: Connection, since: datetime, hours: int) -> list[int]:
    """Return how many deliveries the relay accepted in each of the hours from `since`, the oldest hour first.

    Only deliveries that were planned in the 4 days before or later are counted, so that old ones are not read. Others
    have expired by then, unless they were held.
    """
    row, hour = delivery.c, timedelta(hours=1)
    counts = [
        func.count(case((and_(row.settled_at >= at, row.settled_at < at + hour), 1)))
        for at in (since + number * hour for number in range(hours))
    ]
    is_recent = row.id >= _first_planned(connection, since - timedelta(days=4))
    wanted = select(*counts).where(is_recent, row.state == DeliveryState.ACCEPTED, row.settled_at >= since)
    return list(connection.execute(wanted).one())


def _first_planned(connection: Connection, at: datetime) -> int:
    """Return an id such that all deliveries with lower ids were planned before an instant; ids ascend with time."""
    low, high = 0, (connection.scalar(select(func.max(delivery.c.id))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        next_one = select(delivery.c.planned_at).where(delivery.c.id >= middle).order_by(delivery.c.id).limit(1)
        planned_at = connection.scalar(next_one)
        if planned_at is not None and planned_at < at:
            low = middle + 1
        else:
            high = middle
    return low


def with_papers(connection: Connection, subscriber_id: int, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """Return the rows of the digests and welcome mails of a subscriber that were not dropped, newest first.

    Returns at most `limit` rows; with `before`, only those with lower ids.
    """
    wanted = _holds_papers().where(delivery.c.subscriber_id == subscriber_id)
    if before is not None:
        wanted = wanted.where(delivery.c.id < before)
    return connection.execute(wanted.order_by(delivery.c.id.desc()).limit(limit)).all()


def one_with_papers(connection: Connection, delivery_id: int) -> Row[Any] | None:
    """Return the row of a digest or welcome mail that was not dropped; None if there is none with this id."""
    return connection.execute(_holds_papers().where(delivery.c.id == delivery_id)).one_or_none()


def all_of(connection: Connection, subscriber_id: int) -> Sequence[Row[Any]]:
    """Return all deliveries to a subscriber, oldest first, as lists show them but with their items."""
    mine: Select[Any] = select(*_LISTED, delivery.c["items"]).where(delivery.c.subscriber_id == subscriber_id)
    return connection.execute(mine.order_by(delivery.c.id)).all()


def _are(states: Sequence[DeliveryState]) -> ColumnElement[bool]:
    """Return the condition that a delivery is in one of these states. They must not include ACCEPTED.

    The condition is written in such a way that databases use their indexes.
    """
    is_wanted = delivery.c.state.in_(states)
    return or_(and_(is_unsettled(), is_wanted), and_(NOT_ACCEPTED, is_wanted))


def _holds_papers() -> Select[Any]:
    dropped = (DeliveryState.SKIPPED, DeliveryState.CANCELLED, DeliveryState.EXPIRED)
    return select(delivery).where(delivery.c.kind.in_(KINDS_WITH_PAPERS), delivery.c.state.not_in(dropped))


def retry(connection: Connection, delivery_id: int) -> None:
    """Make a delivery due at once; no sender may hold a lease on it."""
    _change(connection, delivery_id, {"state": DeliveryState.PENDING, "next_try": AT_ONCE, "settled_at": None})


def hold(connection: Connection, delivery_id: int, now: datetime) -> None:
    """Hold a delivery back until it is retried; no sender may hold a lease on it."""
    _change(connection, delivery_id, {"state": DeliveryState.HELD, "next_try": None, "settled_at": now})


def hold_waiting(connection: Connection, now: datetime, *, with_leased: bool = False) -> int:
    """Hold all deliveries back that wait for a sender, and return how many.

    Deliveries whose lease has not ended are left out, unless `with_leased` says that their senders are gone.
    """
    is_free = or_(delivery.c.state != DeliveryState.LEASED, delivery.c.next_try <= now, literal(with_leased))
    held = update(delivery).where(delivery.c.next_try.is_not(None), is_free)
    values = {"state": DeliveryState.HELD, "next_try": None, "owner": None, "settled_at": now}
    return connection.execute(held.values(values)).rowcount


def count_leased(connection: Connection) -> int:
    """Return the number of deliveries that senders have leased."""
    leased = select(func.count()).where(delivery.c.state == DeliveryState.LEASED)
    return connection.scalar(leased) or 0


def _change(connection: Connection, delivery_id: int, values: dict[str, Any]) -> None:
    connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(values))
