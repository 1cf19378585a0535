"""Pin papers to days, and read the pins.

A pin begins when its day has begun somewhere on Earth. From then on, pages, feeds and digests show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update

from notifier.models import ANNOUNCED_AGAIN_WITHIN, Pin
from notifier.store.hidden_papers import is_not_hidden
from notifier.store.statements import batches, insert_into
from notifier.store.tables import listing, paper, pin

FIRST_ZONE = timedelta(hours=14)  # the earliest time zone is UTC+14

_COLUMNS = (pin.c.day, pin.c.note, pin.c.name, pin.c.pinned_at)


def put(connection: Connection, paper_id: int, wanted: Pin, now: datetime) -> None:
    """Pin a paper, in place of its earlier pin, and begin the pin if its day has begun. Hold the ingest lock."""
    known = select(pin.c.has_begun).where(pin.c.paper_id == paper_id, pin.c.day == wanted.day)
    has_begun = bool(connection.scalar(known))
    values = {**wanted._asdict(), "paper_id": paper_id, "has_begun": has_begun}
    new = insert_into(connection.dialect, pin).values(values)
    connection.execute(new.on_conflict_do_update(index_elements=["paper_id"], set_=values))
    begin_due(connection, now)


def remove(connection: Connection, paper_id: int) -> None:
    """Delete the pin of a paper."""
    connection.execute(delete(pin).where(pin.c.paper_id == paper_id))


def pin_of(connection: Connection, paper_id: int) -> Pin | None:
    """Return the pin of a paper, also if it has not begun; None if the paper is not pinned."""
    row = connection.execute(select(*_COLUMNS).where(pin.c.paper_id == paper_id)).one_or_none()
    return Pin(*row) if row else None


def begin_due(connection: Connection, now: datetime) -> int:
    """Begin the pins whose days have begun, and announce their papers; return how many. The ingest lock must be held.

    A paper gets a new sequence number if it was never announced, or was first seen at most ANNOUNCED_AGAIN_WITHIN ago.
    So the next digests hold it, except those of subscribers who have already got it.
    """
    row = paper.c
    due = select(row.id, row.sequence, row.first_seen).join(pin, pin.c.paper_id == row.id)
    due = due.where(pin.c.has_begun.is_(False), pin.c.day <= (now + FIRST_ZONE).date())
    found = connection.execute(due.order_by(pin.c.day, pin.c.pinned_at, row.id)).all()
    for paper_id, sequence, first_seen in found:
        if sequence < 0 or now - first_seen <= ANNOUNCED_AGAIN_WITHIN:
            next_sequence = max(connection.scalar(select(func.max(row.sequence))) or 0, 0) + 1
            values = {"sequence": next_sequence}
            if sequence < 0:  # no digest holds it yet, so this is not to count as announcing it again
                values["first_sequence"] = next_sequence
            connection.execute(update(paper).where(row.id == paper_id).values(values))
        connection.execute(update(pin).where(pin.c.paper_id == paper_id).values(has_begun=True))
    return len(found)


def is_too_late(connection: Connection, paper_id: int, day: date, now: datetime) -> bool:
    """Return whether pinning a paper to a day would not announce it again, because it was first seen too long ago."""
    row = paper.c
    sequence, first_seen = connection.execute(select(row.sequence, row.first_seen).where(row.id == paper_id)).one()
    begun_before = select(pin.c.paper_id).where(pin.c.paper_id == paper_id, pin.c.day == day, pin.c.has_begun)
    if sequence < 0 or connection.execute(begun_before).first():
        return False
    begins_now = day <= (now + FIRST_ZONE).date()
    begins = now if begins_now else datetime.combine(day, time(), UTC) - FIRST_ZONE
    return bool(begins - first_seen > ANNOUNCED_AGAIN_WITHIN)


def are_due(connection: Connection, now: datetime) -> bool:
    """Return whether `begin_due` has something to do."""
    due = select(pin.c.paper_id).where(pin.c.has_begun.is_(False), pin.c.day <= (now + FIRST_ZONE).date())
    return connection.execute(due.limit(1)).first() is not None


def begun(connection: Connection, ids: Iterable[int]) -> dict[int, Pin]:
    """Return the pins of these papers that have begun, by the paper's id."""
    found: dict[int, Pin] = {}
    for batch in batches(ids):
        wanted = _begun_pins().where(pin.c.paper_id.in_(batch))
        found.update({paper_id: Pin(*values) for paper_id, *values in connection.execute(wanted)})
    return found


def on_day(connection: Connection, day: date) -> dict[int, Pin]:
    """Return the pins of a day that have begun, by the paper's id, in the order in which they were made."""
    wanted = _begun_pins().where(pin.c.day == day, is_not_hidden(pin.c.paper_id))
    ordered = wanted.order_by(pin.c.pinned_at, pin.c.paper_id)
    return {paper_id: Pin(*values) for paper_id, *values in connection.execute(ordered)}


def from_day(connection: Connection, day: date, limit: int) -> dict[int, Pin]:
    """Return at most `limit` pins to a day or to later ones, by the paper's id, the nearest day first."""
    wanted = select(pin.c.paper_id, *_COLUMNS).where(pin.c.day >= day)
    ordered = wanted.order_by(pin.c.day, pin.c.pinned_at, pin.c.paper_id).limit(limit)
    return {paper_id: Pin(*values) for paper_id, *values in connection.execute(ordered)}


def not_listed_on(connection: Connection, day: date) -> int:
    """Return how many papers are pinned to a day on which no dump lists them."""
    listed = select(listing.c.paper_id).where(listing.c.listed_on == day)
    pinned = select(func.count()).where(pin.c.has_begun, pin.c.day == day, is_not_hidden(pin.c.paper_id))
    return connection.scalar(pinned.where(pin.c.paper_id.not_in(listed))) or 0


def newest_pinned(connection: Connection, limit: int) -> list[int]:
    """Return the ids of at most `limit` papers that were pinned to the newest days and are not hidden."""
    wanted = select(pin.c.paper_id).where(pin.c.has_begun, is_not_hidden(pin.c.paper_id))
    return list(connection.scalars(wanted.order_by(pin.c.day.desc(), pin.c.pinned_at, pin.c.paper_id).limit(limit)))


def _begun_pins() -> Select[Any]:
    return select(pin.c.paper_id, *_COLUMNS).where(pin.c.has_begun)
