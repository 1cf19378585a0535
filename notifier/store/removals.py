"""Find and delete rows that are older than the config keeps them, and store what was removed last.

Rows of the outbox are kept as long as planning needs them. Planning needs a row if the subscriber got a paper in it
that may be announced again, or if it is a digest that was not sent and whose papers the next digest has to include.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select

from notifier.digests.items import NO_ITEMS
from notifier.models import DeliveryState, SubscriberState
from notifier.store.papers import CLOCK_SET_BACK
from notifier.store.statements import batches, insert_into
from notifier.store.tables import delivery, dump, listing, paper, removal, subscriber

CLOCK = "clock"

# A clock that is farther than FARTHEST from the time that was believed last may be wrong. It is believed when it
# has run on for DOUBT since this was noticed, so that a service that did not run for a long time can remove rows again.
FARTHEST = timedelta(days=31)
DOUBT = timedelta(days=7)

_REMOVABLE = (
    *(DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.CANCELLED),
    *(DeliveryState.REJECTED, DeliveryState.UNCERTAIN),
)


@dataclass(frozen=True, slots=True)
class Removal:
    """The last removal of rows or files of one kind."""

    name: str
    at: datetime
    removed: int


@dataclass(frozen=True, slots=True)
class OldDeliveries:
    """Deliveries that may be removed, the id up to which all rows were looked at, and whether the search has ended."""

    ids: list[int]
    last_id: int
    is_last: bool


def believe_clock(connection: Connection, now: datetime) -> bool:
    """Return whether rows may be removed by this clock, and store its time.

    The clock is believed if it is near the time that was believed last, or if it has been far from it for DOUBT. The
    first time, it is compared with the newest dump and the newest delivery.
    """
    row = connection.execute(select(removal.c.at, removal.c.doubted_since).where(removal.c.name == CLOCK)).one_or_none()
    last, since = row or (_newest_instant(connection) or now, None)
    if abs(now - last) <= FARTHEST or (since is not None and DOUBT <= now - since <= FARTHEST):
        _store(connection, CLOCK, at=now, doubted_since=None)
        return True
    goes_on = since is not None and timedelta() <= now - since < DOUBT
    _store(connection, CLOCK, at=last, doubted_since=since if goes_on else now)
    return False


def doubt(connection: Connection) -> str:
    """Return a sentence about a clock that is far from the last one that was believed; an empty text if it is near."""
    found = select(removal.c.at, removal.c.doubted_since).where(removal.c.doubted_since.is_not(None))
    row = connection.execute(found).one_or_none()
    if row is None:
        return ""
    last, since = row
    return (
        f"nothing is removed: the clock shows {since:%Y-%m-%d}, far from {last:%Y-%m-%d}, when something was stored "
        f"last; set it if it is wrong, or else wait until {since + DOUBT:%Y-%m-%d}"
    )


def needed_since(connection: Connection, now: datetime) -> datetime:
    """Return the instant since which planned digests are needed, whatever their age.

    Planning looks in them for papers that are to be announced again. No digest that was planned earlier holds such a
    paper. Usually the instant is at most a few weeks ago, and the config keeps digests longer than that. It is earlier
    if no digest has been planned for an active subscriber for a long time.
    """
    cursor = connection.scalar(
        select(func.min(subscriber.c.cursor)).where(subscriber.c.state == SubscriberState.ACTIVE)
    )
    if cursor is None:
        return now
    row = paper.c
    again = select(func.min(row.first_seen, type_=row.first_seen.type))
    first_seen = connection.scalar(again.where(row.sequence > cursor, row.sequence != row.first_sequence))
    return now if first_seen is None else first_seen - CLOCK_SET_BACK


def old_deliveries(connection: Connection, after: int, before: datetime, now: datetime, limit: int) -> OldDeliveries:
    """Look at the next `limit` deliveries with ids above `after`; return those planned before `before` and removable.

    Ids ascend with time, so the search ends at the first row that was planned later. A wrong clock may have dated some
    rows. A row that it dated too early is found only when the rows with lower ids have become old too. A row that it
    dated in the future does not end the search.
    """
    row = delivery.c
    is_old = and_(row.planned_at < before, _is_removable(before))
    is_new = row.planned_at.between(before, now + CLOCK_SET_BACK)
    statement = select(row.id, case((is_old, 1), else_=0), case((is_new, 1), else_=0)).where(row.id > after)
    ids: list[int] = []
    rows = connection.execute(statement.order_by(row.id).limit(limit)).all()
    for row_id, old, new in rows:
        if new:
            return OldDeliveries(ids, row_id, is_last=True)
        if old:
            ids.append(row_id)
    return OldDeliveries(ids, rows[-1][0] if rows else after, is_last=len(rows) < limit)


def delete_deliveries(connection: Connection, ids: Collection[int], before: datetime) -> int:
    """Delete these deliveries, except those that were changed in the meantime; return how many were deleted."""
    removed = 0
    for batch in batches(ids):
        wanted = and_(delivery.c.id.in_(batch), _is_removable(before))
        removed += connection.execute(delete(delivery).where(wanted)).rowcount
    return removed


def next_listing_day(connection: Connection, before: date) -> date | None:
    """Return the first listing day before `before` whose repeated listings have not been removed; None if all were."""
    until = connection.scalar(select(removal.c.until).where(removal.c.name == "listings"))
    day = func.min(listing.c.listed_on, type_=listing.c.listed_on.type)
    first = select(day).where(listing.c.listed_on < before)
    found: date | None = connection.scalar(first if until is None else first.where(listing.c.listed_on >= until))
    return found


def repeated_listings(connection: Connection, day: date) -> list[int]:
    """Return the ids of the listings of a day that nothing depends on, because the paper has others on that day.

    A source that is fetched many times a day lists its papers each time. Among the listings of a paper by one format on
    one day, four count: those with the most and the fewest upvotes, the one in the best position, and the newest.
    If the others are deleted, this changes neither lists nor scores nor the recognition of copied days.
    """
    row = listing.c
    same = (row.paper_id, dump.c.format, row.announce)
    is_unknown = case((row.upvotes.is_(None), 1), else_=0)
    by_upvotes = (is_unknown, row.upvotes.desc(), row.id), (is_unknown, row.upvotes, row.id)
    orders = (*by_upvotes, (row.position, row.id), (row.id.desc(),))
    places = [
        func.row_number().over(partition_by=same, order_by=order).label(f"place_{number}")
        for number, order in enumerate(orders)
    ]
    ranked = select(row.id, *places).join(dump, row.dump_id == dump.c.id).where(row.listed_on == day).subquery()
    repeated = and_(*(ranked.c[each.name] > 1 for each in places))
    return list(connection.scalars(select(ranked.c.id).where(repeated).order_by(ranked.c.id)))


def delete_listings(connection: Connection, ids: Collection[int]) -> int:
    """Delete these listings, and return how many were deleted."""
    return sum(connection.execute(delete(listing).where(listing.c.id.in_(batch))).rowcount for batch in batches(ids))


def finish_listing_day(connection: Connection, day: date, now: datetime) -> None:
    """Store that the repeated listings of a day, and of all days before it, were removed."""
    values = {"name": "listings", "at": now, "removed": 0, "until": day + timedelta(days=1)}
    new = insert_into(connection.dialect, removal).values(values)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"until": values["until"]}))


def record(connection: Connection, name: str, removed: int, now: datetime) -> None:
    """Store how many rows or files of a kind were removed at `now`."""
    _store(connection, name, at=now, removed=removed)


def last_removals(connection: Connection) -> list[Removal]:
    """Return the last removal of each kind."""
    row = removal.c
    found = select(row.name, row.at, row.removed).where(row.name != CLOCK, row.removed > 0).order_by(row.name)
    return [Removal(*each) for each in connection.execute(found)]


def _is_removable(before: datetime) -> ColumnElement[bool]:
    """Return the condition that a delivery was settled before `before`, and that nothing depends on it.

    A HELD delivery is needed, because it waits for the operator. A digest that was not sent is needed until the next
    digest has included its papers.
    """
    row = delivery.c
    is_taken_in = or_(row.taken_in, row["items"] == NO_ITEMS)  # a digest without items needs no later one
    ended = or_(
        row.state.in_(_REMOVABLE),
        and_(row.state == DeliveryState.EXPIRED, is_taken_in),
        and_(row.state == DeliveryState.FAILED, or_(~row.too_large, is_taken_in)),
    )
    return and_(row.next_try.is_(None), ended, func.coalesce(row.settled_at, row.planned_at) < before)


def _newest_instant(connection: Connection) -> datetime | None:
    """Return the later one of the instants of the newest dump and of the newest delivery."""
    newest = (
        select(dump.c.ingested_at).order_by(dump.c.id.desc()).limit(1),
        select(delivery.c.planned_at).order_by(delivery.c.id.desc()).limit(1),
    )
    found = [connection.scalar(statement) for statement in newest]
    return max((each for each in found if each is not None), default=None)


def _store(connection: Connection, name: str, **values: object) -> None:
    new = insert_into(connection.dialect, removal).values(name=name, **{"removed": 0, **values})
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=values))
