"""Read subscribers together with their subscriptions, and change their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select, update

from notifier.models import Cadence, Subscriber, SubscriberState, Subscription
from notifier.store.hidden_papers import hidden_keys
from notifier.store.statements import batches, insert_all
from notifier.store.tables import LARGEST_ID, dump, query, subscriber, subscription
from notifier.text.addresses import address_key

RANGE = 1000  # ids of subscribers that are planned by one process at a time
DEFAULT_NAME_START = "Similar to "  # of the name of a subscription to the papers like one; its title follows


def find(connection: Connection, email: str, *, lock: bool = False) -> Subscriber | None:
    """Return the subscriber with this address, in any state; None if there is none.

    With `lock`, here and in the other functions, no other transaction can change the subscribers, or add to their
    subscriptions, before this transaction ends.
    """
    return next(iter(_read(connection, _all().where(subscriber.c.address_key == address_key(email)), lock=lock)), None)


def by_address(connection: Connection, emails: Iterable[str], *, lock: bool = False) -> dict[str, Subscriber]:
    """Return the subscribers with these addresses, in any state, by key (see addresses.address_key)."""
    found: dict[str, Subscriber] = {}
    for batch in batches({address_key(email) for email in emails}):
        rows = _read(connection, _all().where(subscriber.c.address_key.in_(batch)), lock=lock)
        found |= {address_key(one.email): one for one in rows}
    return found


def of_subscription(connection: Connection, subscription_id: int, *, lock: bool = False) -> Subscriber | None:
    """Return the subscriber who has this subscription; None if the subscription does not exist any more.

    With `lock`, another transaction may have ended the subscription while this one waited for the subscriber's lock.
    """
    owner_id = select(subscription.c.subscriber_id).where(subscription.c.id == subscription_id).scalar_subquery()
    found = _read(connection, _all().where(subscriber.c.id == owner_id), lock=lock)
    return next((one for one in found if any(each.id == subscription_id for each in one.subscriptions)), None)


def everyone(connection: Connection) -> list[Subscriber]:
    """Return all subscribers, in the order of their addresses."""
    return _read(connection, _all().order_by(subscriber.c.address_key))


def listed(
    connection: Connection, after: int, limit: int, state: SubscriberState | None = None, part: str = ""
) -> list[Subscriber]:
    """Return at most `limit` subscribers with ids above `after`, sorted by id.

    Only those in a state, if it is given, and whose address contains `part`, in upper or lower case, are returned.
    """
    wanted = _all().where(subscriber.c.id > min(max(after, 0), LARGEST_ID))
    if state is not None:
        wanted = wanted.where(subscriber.c.state == state)
    if part:
        wanted = wanted.where(func.lower(subscriber.c.email).contains(part.lower(), autoescape=True))
    return _read(connection, wanted.order_by(subscriber.c.id).limit(limit))


def due(connection: Connection, now: datetime, ids: range, limit: int) -> list[Subscriber]:
    """Return at most `limit` active subscribers for whom a digest is due, with these ids, sorted by id."""
    row = subscriber.c
    wanted = _all().where(_is_due(now), row.id >= ids.start, row.id < ids.stop)
    return _read(connection, wanted.order_by(row.id).limit(limit))


def ranges_due(connection: Connection, now: datetime) -> list[range]:
    """Return the ranges of RANGE ids that contain a subscriber for whom a digest is due, in order."""
    number = (subscriber.c.id // RANGE).label("number")
    numbers = connection.scalars(select(number).where(_is_due(now)).distinct().order_by(number))
    return [range(each * RANGE, (each + 1) * RANGE) for each in numbers]


def oldest_cursor_due(connection: Connection, now: datetime) -> int | None:
    """Return the lowest cursor of the active subscribers for whom a digest is due; None if there are none."""
    oldest: int | None = connection.scalar(select(func.min(subscriber.c.cursor)).where(_is_due(now)))
    return oldest


def next_due(connection: Connection) -> datetime | None:
    """Return when the next digest of an active subscriber is due by its schedule; None if there is none."""
    statement = select(subscriber.c.next_due).where(
        subscriber.c.state == SubscriberState.ACTIVE, subscriber.c.next_due.is_not(None)
    )
    first: datetime | None = connection.scalar(statement.order_by(subscriber.c.next_due).limit(1))
    return first


def with_ended_pause(connection: Connection, now: datetime, limit: int, *, lock: bool = False) -> list[Subscriber]:
    """Return at most `limit` paused subscribers whose pause ends at or before `now`, sorted by id."""
    over = and_(subscriber.c.state == SubscriberState.PAUSED, subscriber.c.paused_until <= now)
    return _read(connection, _all().where(over).order_by(subscriber.c.id).limit(limit), lock=lock)


def due_after(
    connection: Connection, latest: Mapping[Cadence, datetime], after: int, limit: int, *, lock: bool = False
) -> list[Subscriber]:
    """Return at most `limit` active subscribers with ids above `after` whose next digest is due after `latest`.

    `latest` gives an instant for each cadence; other cadences are left out. The subscribers are sorted by id.
    """
    row = subscriber.c
    is_later = or_(*(and_(row.cadence == cadence, row.next_due > instant) for cadence, instant in latest.items()))
    # The first condition lets the database use the index of `next_due`.
    wanted = and_(row.next_due > min(latest.values()), row.state == SubscriberState.ACTIVE, is_later, row.id > after)
    return _read(connection, _all().where(wanted).order_by(row.id).limit(limit), lock=lock)


def active_or_paused(connection: Connection, after: int, limit: int) -> list[Subscriber]:
    """Return at most `limit` active or paused subscribers with ids above `after`, sorted by id."""
    wanted = subscriber.c.state.in_((SubscriberState.ACTIVE, SubscriberState.PAUSED))
    return _read(connection, _all().where(wanted, subscriber.c.id > after).order_by(subscriber.c.id).limit(limit))


def by_ids(connection: Connection, ids: Iterable[int], *, lock: bool = False) -> dict[int, Subscriber]:
    """Return the subscribers with these ids, by id; ids that do not exist any more are left out."""
    found: dict[int, Subscriber] = {}
    for batch in batches(sorted(ids)):
        found |= {one.id: one for one in _read(connection, _all().where(subscriber.c.id.in_(batch)), lock=lock)}
    return found


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return the number of subscribers in each state; states without subscribers are left out."""
    return dict(connection.execute(select(subscriber.c.state, func.count()).group_by(subscriber.c.state)).all())


def left_over(connection: Connection) -> list[str]:
    """Return the items that wait for the next digests: one text for each active subscriber who has any."""
    waits = and_(subscriber.c.state == SubscriberState.ACTIVE, subscriber.c.left_over != "")
    return list(connection.scalars(select(subscriber.c.left_over).where(waits)))


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert new subscribers; those whose addresses another process has inserted in the meantime are left out."""
    keyed = [{**row, "address_key": address_key(row["email"])} for row in rows]
    insert_all(connection, subscriber, sorted(keyed, key=itemgetter("address_key")), ignore_known=True)


def update_subscriber(connection: Connection, subscriber_id: int, values: dict[str, Any]) -> None:
    """Set some columns of one subscriber's row."""
    connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(values))


def update_many(connection: Connection, changes: Sequence[dict[str, Any]]) -> None:
    """Set the same columns of many subscribers; `row_id` in each change is the subscriber's id."""
    if changes:
        connection.execute(update(subscriber).where(subscriber.c.id == bindparam("row_id")), list(changes))


def _is_due(now: datetime) -> ColumnElement[bool]:
    newest_dump = select(func.max(dump.c.id)).scalar_subquery()
    has_new_dump = and_(subscriber.c.cadence == Cadence.INSTANT, subscriber.c.last_dump < newest_dump)
    return and_(subscriber.c.state == SubscriberState.ACTIVE, or_(subscriber.c.next_due <= now, has_new_dump))


def _all() -> Select[Any]:
    return select(subscriber)


def _read(connection: Connection, statement: Select[Any], *, lock: bool = False) -> list[Subscriber]:
    """Return the subscribers that a query of whole rows selects.

    With `lock`, the rows are locked in the order of their ids, as in all transactions, so that no two transactions wait
    for each other. The subscriptions are read after the rows are locked.
    """
    rows = connection.execute(statement.order_by(subscriber.c.id).with_for_update() if lock else statement).all()
    found = _subscriptions(connection, [row.id for row in rows])
    return [_subscriber(row, tuple(found.get(row.id, ()))) for row in rows]


def _subscriptions(connection: Connection, subscriber_ids: Iterable[int]) -> dict[int, list[Subscription]]:
    row = subscription.c
    found: dict[int, list[Subscription]] = {}
    for batch in batches(subscriber_ids):
        statement: Select[Any] = (
            select(row.id, row.subscriber_id, row.label, row.name, row.topic, row.query_id, query.c.canonical)
            .outerjoin(query, query.c.id == row.query_id)
            .where(row.subscriber_id.in_(batch))
            .order_by(row.position, row.id)
        )
        rows = connection.execute(statement).all()
        nameless = _names_of_hidden_papers(connection, rows)
        for each in rows:
            name = None if each.id in nameless else each.name
            found.setdefault(each.subscriber_id, []).append(_subscription(each, name))
    return found


def _names_of_hidden_papers(connection: Connection, rows: Sequence[Row[Any]]) -> set[int]:
    """Return the ids of the subscriptions whose names are not shown, because each has the title of a hidden paper.

    The stored name stays, so that it is shown again when the paper is.
    """
    from notifier.queries import only_paper_named

    named = [each for each in rows if each.canonical and (each.name or "").startswith(DEFAULT_NAME_START)]
    hidden = hidden_keys(connection) if named else set()
    return {each.id for each in named if hidden and only_paper_named(each.canonical) in hidden}


def _subscription(row: Row[Any], name: str | None) -> Subscription:
    query_as_typed = None if row.topic else row.label
    return Subscription(row.id, _label(row, name), row.query_id, row.canonical, row.topic, query_as_typed, name)


def _label(row: Row[Any], name: str | None) -> str:
    """Return the label of a subscription.

    The readable form of a query is computed here and not stored. So all rows have it, and it follows the current rules.
    """
    from notifier.queries import readable

    stored: str | None = name or (row.label if row.topic else None)
    return stored or readable(row.label)


def _subscriber(row: Row[Any], subscriptions: tuple[Subscription, ...]) -> Subscriber:
    return Subscriber(
        id=row.id,
        email=row.email,
        state=SubscriberState(row.state),
        cadence=Cadence(row.cadence),
        hour=row.hour,
        timezone=row.timezone,
        weekday=row.weekday,
        cursor=row.cursor,
        last_dump=row.last_dump,
        confirmed_at=row.confirmed_at,
        active_since=row.active_since,
        paused_until=row.paused_until,
        next_due=row.next_due,
        last_date=row.last_date,
        last_week=row.last_week,
        subscriptions=subscriptions,
        left_over=row.left_over,
        signed_out_at=row.signed_out_at,
        taste=row.taste,
        endpoint_id=row.endpoint_id,
    )
