"""The outbox: rows claimed under a lease, settled by the hand that holds their epoch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from notifier.models import DeliveryKind, DeliveryState, SubscriberState
from notifier.store.engine import fresh_reads
from notifier.store.statements import batches, insert_all, one_of, rows_of, run_for_all
from notifier.store.tables import delivery, subscriber

LEASE = timedelta(seconds=60)
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # a pending row's next try: due whatever becomes of the clock


class Claim(NamedTuple):
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


class Settlement(NamedTuple):
    """What becomes of a claim. `next_try` is None where the state is final."""

    state: DeliveryState
    reply: str
    next_try: datetime | None
    attempts: int
    uncertain: int


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Put planned messages into the outbox."""
    insert_all(connection, delivery, rows)


def claim(connection: Connection, owner: str, now: datetime, limit: int, *, tried_first: bool = False) -> list[Claim]:
    """Lease the rows that have waited longest, `limit` at most, by id; a row whose lease ran out is due again.

    A row that another sender is claiming at this moment is passed over (PostgreSQL; SQLite has one writer). With
    `tried_first` those that were put off go before those that are new: a relay that puts off every first try (by
    greylisting) takes them.
    """
    values = {"at": now, "until": now + LEASE, "claiming_owner": owner, "most": limit}
    return sorted(map(Claim._make, rows_of(connection, _CLAIM_TRIED_FIRST if tried_first else _CLAIM, values)))


def settle(connection: Connection, settlements: Collection[tuple[Claim, Settlement]], now: datetime) -> set[int]:
    """Write down what became of these claims; returns the ids of those that were still this sender's.

    The others have passed to another hand, whose word then counts.
    """
    held = _held(connection, [claimed for claimed, _ in settlements])
    rows = [(claimed.id, *each) for claimed, each in settlements if claimed.id in held]
    run_for_all(connection, _SETTLE, {"settled_now": now}, ("settled_id", *Settlement._fields), rows)
    return held


@cache
def held_question(dialect: str) -> Select[Any]:
    """The ids and epochs of those rows among `row_ids` that are in some sender's hands, and for nobody who has left."""
    return _leased(dialect).where(or_(delivery.c.subscriber_id.is_(None), ~_is_unwanted()))


def renew(connection: Connection, owner: str, now: datetime) -> None:
    """Keep this owner's leases for another LEASE."""
    connection.execute(update(delivery).where(delivery.c.owner == owner).values(next_try=now + LEASE))


def release(connection: Connection, owners: Collection[str], *, in_doubt: bool) -> None:
    """Let others have at once what these owners hold; `in_doubt` where they may have sent some of it."""
    freed = {"state": DeliveryState.PENDING, "next_try": AT_ONCE, "owner": None}
    doubt = {"in_doubt": True} if in_doubt else {}
    connection.execute(update(delivery).where(delivery.c.owner.in_(owners)).values(freed | doubt))


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
    return set(connection.scalars(select(delivery.c.owner).where(_is_owned()).distinct()))


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether there is a row to claim."""
    return rows_of(connection, _HAS_DUE, {"at": now}) == [(True,)]


def is_busy(connection: Connection, now: datetime) -> bool:
    """Whether a row is due or in some sender's hands."""
    return bool(connection.scalar(_IS_BUSY, {"at": now}))


def under_way(connection: Connection) -> int:
    """How many rows are in the hands of any sender."""
    return connection.scalar(_OWNED) or 0


def clamp(connection: Connection, now: datetime, longest_wait: timedelta) -> None:
    """Let no row wait for longer than a lease or a retry can take: the clock was set back since it was put off."""
    for late, latest in _late(now, longest_wait):
        connection.execute(update(delivery).where(late).values(next_try=latest))


def has_late(connection: Connection, now: datetime, longest_wait: timedelta) -> bool:
    """Whether `clamp` would find anything."""
    return any(connection.scalar(select(exists().where(late))) for late, _ in _late(now, longest_wait))


def held_items(connection: Connection, subscriber_ids: Iterable[int], since: datetime) -> dict[int, list[str]]:
    """By subscriber, the items of every digest planned `since` then: what they were told, or are about to be."""
    row = delivery.c
    kept = row.state.not_in((DeliveryState.SKIPPED, DeliveryState.EXPIRED))
    digests = and_(row.kind == DeliveryKind.DIGEST, row.planned_at >= since, kept)
    held: dict[int, list[str]] = {}
    for some in batches(subscriber_ids):
        found = select(row.subscriber_id, row["items"]).where(row.subscriber_id.in_(some), digests)
        for subscriber_id, items in connection.execute(found):
            held.setdefault(subscriber_id, []).append(items)
    return held


def _held(connection: Connection, claims: Iterable[Claim]) -> set[int]:
    """The ids of those claims that are still their sender's, which nobody else can change in this transaction."""
    epochs = {claimed.id: claimed.epoch for claimed in claims}
    rows = rows_of(connection, _locked(connection.dialect.name), {"row_ids": sorted(epochs)})
    return {row_id for row_id, epoch in rows if epoch == epochs[row_id]}


def _late(now: datetime, longest_wait: timedelta) -> list[tuple[ColumnElement[bool], datetime]]:
    """What waits for too long, and until when it may."""
    leased = and_(_is_owned(), delivery.c.next_try > now + LEASE)
    return [(leased, now + LEASE), (delivery.c.next_try > now + longest_wait, now + longest_wait)]


def _is_due() -> ColumnElement[bool]:
    return delivery.c.next_try <= bindparam("at")


def _may_be_sent() -> ColumnElement[bool]:
    """Only to an active subscriber, or to somebody who is none (an alert to the operator)."""
    active = exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == SubscriberState.ACTIVE)
    return or_(delivery.c.subscriber_id.is_(None), active)


def _is_unwanted() -> ColumnElement[bool]:
    gone = [subscriber.c.state == state for state in (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)]
    return exists().where(subscriber.c.id == delivery.c.subscriber_id, or_(*gone))


def waits() -> ColumnElement[bool]:
    """Not settled for good: put so that an index finds these few among all that were ever sent."""
    return delivery.c.next_try >= AT_ONCE


def _is_owned() -> ColumnElement[bool]:
    """In some sender's hands; put so that an index finds it."""
    return delivery.c.owner > ""


def _is_free() -> ColumnElement[bool]:
    """Not settled for good, and in nobody's hands."""
    return and_(waits(), delivery.c.state != DeliveryState.LEASED)


def _cancel(connection: Connection, whose: ColumnElement[bool], now: datetime) -> int:
    cancelled = {"state": DeliveryState.CANCELLED, "next_try": None, "settled_at": now}
    return connection.execute(update(delivery).where(_is_free(), whose).values(cancelled)).rowcount


def _leased(dialect: str) -> Select[Any]:
    leased = select(delivery.c.id, delivery.c.epoch).where(delivery.c.state == DeliveryState.LEASED)
    return leased.where(one_of(dialect, delivery.c.id, "row_ids"))


@cache
def _locked(dialect: str) -> Select[Any]:
    return _leased(dialect).order_by(delivery.c.id).with_for_update()


def _claim(*order: ColumnElement[Any]) -> ReturningUpdate[Any]:
    oldest = (
        select(delivery.c.id)
        .where(_is_due(), _may_be_sent())
        .order_by(*order, delivery.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=delivery)
        .cte("oldest")  # PostgreSQL might run a subquery again, and so take more than the limit
    )
    leased = {
        "state": DeliveryState.LEASED,
        "owner": bindparam("claiming_owner"),
        "next_try": bindparam("until"),
        "epoch": delivery.c.epoch + 1,
        "in_doubt": case((delivery.c.state == DeliveryState.LEASED, True), else_=delivery.c.in_doubt),
    }
    statement = update(delivery).where(delivery.c.id.in_(select(oldest.c.id))).values(leased)
    return statement.returning(*(delivery.c[each] for each in Claim._fields))


# Said for each mail or group of mails: made once, since making a statement costs more than running it.
_CLAIM = _claim(delivery.c.next_try)
_CLAIM_TRIED_FIRST = _claim(delivery.c.attempts == 0, delivery.c.next_try)
_HAS_DUE = select(exists().where(_is_due(), _may_be_sent()))
_OWNED = select(func.count()).where(_is_owned())
_IS_BUSY = select(or_(exists().where(_is_due(), _may_be_sent()), exists().where(_is_owned())))
_SETTLE = (
    update(delivery)
    .where(delivery.c.id == bindparam("settled_id"))
    .values(owner=None, settled_at=bindparam("settled_now"), **{each: bindparam(each) for each in Settlement._fields})
)


class StillHeld(Protocol):
    """See holding; `next_ones` are those that will be asked for soon."""

    def __call__(self, claim: Claim, next_ones: Iterable[Claim] = ()) -> bool: ...


@contextmanager
def holding(engine: Engine) -> Iterator[StillHeld]:
    """A question, for as long as the block lasts: is this claim still its sender's, and has its reader not left?

    The answer is true as of the moment at which it is asked: whatever was committed before, by anyone, counts. The
    claims that will be asked for next are looked up along with the first: as long as the database says that nobody has
    committed anything since, what was read then stands.
    """
    seen: int | None = None
    known: dict[tuple[int, int], bool] = {}
    question = held_question(engine.dialect.name)
    with fresh_reads(engine) as reads:

        def still_held(claim: Claim, next_ones: Iterable[Claim] = ()) -> bool:
            nonlocal seen, known
            key = claim.id, claim.epoch
            version = reads.version()
            if version is None or version != seen or key not in known:
                keys = [key] if version is None else [key, *((each.id, each.epoch) for each in next_ones)]
                held = set(reads.rows(question, {"row_ids": [row_id for row_id, _ in keys]}))
                seen, known = version, {each: each in held for each in keys}
            return known[key]

        yield still_held
