"""Messages that came back, each once: what became of them, and those that an operator has to look at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update

from notifier.models import InboxState, ReturnedKind
from notifier.store.statements import batches, insert_into
from notifier.store.tables import delivery, inbox, returned, suppression

MOST_UNCLEAR = 100  # messages that wait for an operator; older ones are dropped
RECENT = timedelta(days=30)  # the status and the metrics count the messages that came within this time
KEPT = timedelta(days=90)  # the copies of a message count once within this time
KEPT_OF_SUBSCRIBERS = timedelta(days=400)  # longer than any `[mail] soft_days`

_NOT_SHOWN = {"sender": "", "subject": "", "text": ""}


@dataclass(frozen=True, slots=True)
class UnclearReply:
    """A message that an operator has to look at; `text` begins with the reason, if there is one."""

    id: int
    at: datetime
    sender: str
    subject: str
    text: str


def add(connection: Connection, fingerprint: str, kind: ReturnedKind, now: datetime) -> int | None:
    """Store a message and return its id; None if a copy of it was stored before.

    This waits for other transactions that are storing a copy of the message.
    """
    row = {"fingerprint": fingerprint, "at": now, "kind": kind, **_NOT_SHOWN}
    insertion = insert_into(connection.dialect, returned).values(row).on_conflict_do_nothing()
    new_id: int | None = connection.execute(insertion.returning(returned.c.id)).scalar()
    return new_id


def kind_of(connection: Connection, fingerprint: str) -> ReturnedKind | None:
    """Return what became of the message that was stored with this fingerprint; None if there is none."""
    kind = connection.scalar(select(returned.c.kind).where(returned.c.fingerprint == fingerprint))
    return None if kind is None else ReturnedKind(kind)


def change(connection: Connection, row_id: int, values: dict[str, Any]) -> None:
    """Set some columns of a message's row."""
    connection.execute(update(returned).where(returned.c.id == row_id).values(values))


def delivery_by_id(connection: Connection, delivery_id: int) -> Row[Any] | None:
    """Return the columns of a delivery that a returned message may be about; None if it is not stored any more."""
    return connection.execute(_deliveries().where(delivery.c.id == delivery_id)).one_or_none()


def deliveries_by_message_id(connection: Connection, message_ids: Collection[str]) -> list[Row[Any]]:
    """Return the columns of the deliveries with these Message-IDs, the newest first."""
    found = _deliveries().where(delivery.c.message_id.in_(list(message_ids)))
    return list(connection.execute(found.order_by(delivery.c.id.desc())))


def last_suppression(connection: Connection, subscriber_id: int) -> datetime | None:
    """Return when a subscriber was suppressed last; None if never."""
    newest = func.max(suppression.c.at, type_=suppression.c.at.type)
    at: datetime | None = connection.scalar(select(newest).where(suppression.c.subscriber_id == subscriber_id))
    return at


def count_soft_days(connection: Connection, subscriber_id: int, since: date, after: datetime | None) -> int:
    """Count the days, from `since` on, whose mails to a subscriber came back without a clear fault of the address.

    With `after`, only messages that came after that instant count.
    """
    mine = [returned.c.subscriber_id == subscriber_id, returned.c.kind == ReturnedKind.SOFT, returned.c.day >= since]
    if after is not None:
        mine.append(returned.c.at > after)
    return connection.scalar(select(func.count(returned.c.day.distinct())).where(*mine)) or 0


def count_by_kind(connection: Connection, since: datetime) -> dict[str, int]:
    """Count the messages that came at `since` or later, by kind; kinds without messages are left out."""
    counted = select(returned.c.kind, func.count()).where(returned.c.at >= since).group_by(returned.c.kind)
    return dict(connection.execute(counted).all())


def newest(connection: Connection, kinds: Collection[ReturnedKind] = tuple(ReturnedKind)) -> datetime | None:
    """Return when the newest message of these kinds came; None if none is stored."""
    last = func.max(returned.c.at, type_=returned.c.at.type)
    at: datetime | None = connection.scalar(select(last).where(returned.c.kind.in_(list(kinds))))
    return at


def count_unclear(connection: Connection) -> int:
    """Return the number of messages that an operator has to look at."""
    return connection.scalar(select(func.count()).where(_is_unclear())) or 0


def show_to_operator(connection: Connection, row_id: int, sender: str, subject: str, text: str) -> None:
    """Keep a message for the operator. Drop earlier ones of the same sender, and all but the newest MOST_UNCLEAR."""
    older = [_is_unclear(), returned.c.sender == sender, returned.c.id != row_id]
    connection.execute(update(returned).where(*older).values(kind=ReturnedKind.OTHER, **_NOT_SHOWN))
    shown = {"kind": ReturnedKind.UNCLEAR, "sender": sender, "subject": subject, "text": text}
    change(connection, row_id, shown)
    newest = select(returned.c.id).where(_is_unclear()).order_by(returned.c.id.desc()).limit(MOST_UNCLEAR)
    beyond = and_(_is_unclear(), returned.c.id.not_in(newest.subquery().select()))
    connection.execute(update(returned).where(beyond).values(kind=ReturnedKind.OTHER, **_NOT_SHOWN))


def unclear(connection: Connection, limit: int | None = None) -> list[UnclearReply]:
    """Return the messages that an operator has to look at, the newest first, at most `limit`."""
    columns = [returned.c[each.name] for each in fields(UnclearReply)]
    found = select(*columns).where(_is_unclear()).order_by(returned.c.id.desc()).limit(limit)
    return [UnclearReply(*row) for row in connection.execute(found)]


def mark_seen(connection: Connection, ids: Collection[int] | None) -> list[int]:
    """Mark unclear messages as seen by an operator, and return their ids; all of them if `ids` is None."""
    chosen = _is_unclear() if ids is None else and_(_is_unclear(), returned.c.id.in_(list(ids)))
    seen = update(returned).where(chosen).values(kind=ReturnedKind.SEEN, **_NOT_SHOWN)
    return sorted(connection.scalars(seen.returning(returned.c.id)))


def all_of(connection: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return what came back about a subscriber, oldest first."""
    columns = [returned.c[name] for name in ("at", "kind", "day", "text")]
    return list(
        connection.execute(select(*columns).where(returned.c.subscriber_id == subscriber_id).order_by(returned.c.id))
    )


def delete_of(connection: Connection, subscriber_id: int, email: str) -> None:
    """Delete what came back about a subscriber, and the messages that come from their address or name it."""
    row = returned.c
    names = [column.icontains(email, autoescape=True) for column in (row.sender, row.subject, row.text)]
    connection.execute(delete(returned).where(or_(row.subscriber_id == subscriber_id, *names)))


def old_ids(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Return the ids of messages that came long ago, at most `limit`, without those that an operator has to look at."""
    return list(connection.scalars(select(returned.c.id).where(_is_old(now)).order_by(returned.c.at).limit(limit)))


def delete_rows(connection: Connection, ids: Collection[int]) -> int:
    """Delete the rows of these messages, and return how many were deleted."""
    return sum(connection.execute(delete(returned).where(returned.c.id.in_(batch))).rowcount for batch in batches(ids))


def forget_inboxes(connection: Connection, name: str, now: datetime) -> None:
    """Delete the states of mailboxes that nobody has read for long, but not that of the mailbox with this name."""
    last = func.coalesce(inbox.c.read_at, inbox.c.failing_since)
    connection.execute(delete(inbox).where(inbox.c.name != name, last < now - KEPT))


def inbox_state(connection: Connection, name: str) -> InboxState:
    """Return the state of the mailbox with this name; it is that of a new one if nothing is stored."""
    columns = [inbox.c[column] for column in InboxState._fields]
    row = connection.execute(select(*columns).where(inbox.c.name == name)).one_or_none()
    return InboxState(*row) if row else InboxState()


def set_inbox_state(connection: Connection, name: str, state: InboxState) -> None:
    """Store the state of a mailbox."""
    insertion = insert_into(connection.dialect, inbox).values(name=name, **state._asdict())
    connection.execute(insertion.on_conflict_do_update(index_elements=["name"], set_=state._asdict()))


def _deliveries() -> Any:
    columns = [delivery.c[name] for name in ("id", "subscriber_id", "recipient", "planned_at")]
    return select(*columns)


def _is_unclear() -> ColumnElement[bool]:
    return returned.c.kind == ReturnedKind.UNCLEAR


def _is_old(now: datetime) -> ColumnElement[bool]:
    is_over = or_(returned.c.subscriber_id.is_(None), returned.c.at < now - KEPT_OF_SUBSCRIBERS)
    return and_(returned.c.at < now - KEPT, is_over, ~_is_unclear())
