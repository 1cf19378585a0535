"""The outbox: deliveries that senders claim under a lease, send, and settle.

A claim gives the row to one sender until the lease ends, and increases the row's epoch. A sender whose epoch is no
longer the row's has lost the row to another sender, and cannot settle it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, Protocol, cast
from uuid import uuid4

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
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from notifier.models import KINDS_WITH_PAPERS, DeliveryKind, DeliveryState, SubscriberState
from notifier.store.engine import fresh_reads
from notifier.store.statements import batches, in_parameter, insert_all, rows_of, run_for_all
from notifier.store.tables import delivery, subscriber

LEASE = timedelta(seconds=60)
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # the next try of a pending row: due even if the clock is set back
FIRST = AT_ONCE - timedelta(days=1)  # the same for a row that somebody waits for, which is claimed before all others
AWAITED = {"state": DeliveryState.PENDING, "next_try": FIRST}  # the columns of such a row


class Claim(NamedTuple):
    """A delivery that one sender has leased.

    `epoch` is the row's epoch under this lease. `uncertain` counts how often the connection was lost at or after the
    final dot, so that nobody knows whether the relay accepted the message.
    """

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
    kind: str = DeliveryKind.DIGEST
    details: str = ""


class Settlement(NamedTuple):
    """The result of a claim: the new values of its row.

    `next_try` is None if there will be no other try. `too_large` says that the mail FAILED because of its size.
    """

    state: DeliveryState
    reply: str
    next_try: datetime | None
    attempts: int
    uncertain: int
    too_large: bool = False


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add planned deliveries to the outbox."""
    insert_all(connection, delivery, rows)


def new_message_id(sender: str) -> str:
    """Return a Message-ID that no other message has; `sender` is a From header."""
    return f"<{uuid4().hex}@{parseaddr(sender)[1].rpartition('@')[2]}>"


class ClaimOrder(Enum):
    """The order in which due rows are claimed; see `claim`."""

    WAITED_LONGEST = "waited longest"
    RETRIES = "retries"
    UNREFUSED = "unrefused"


def claim(
    connection: Connection, owner: str, now: datetime, limit: int, order: ClaimOrder = ClaimOrder.WAITED_LONGEST
) -> list[Claim]:
    """Lease due rows, at most `limit`, and return the claims.

    Digests come last, because somebody may be waiting for any other message. Then come those that were tried before.
    Otherwise the order is that of the ids.

    A row whose lease has ended is due again. Rows that another sender is claiming at this moment are left out
    (PostgreSQL only; SQLite has one writer). The rows are chosen by `order`:

    - WAITED_LONGEST: new rows first, then those whose next try was due first.
    - RETRIES: rows that were tried before first, because a relay that defers every first try (greylisting) accepts
      these; but recipients who were refused come last.
    - UNREFUSED: recipients who were never refused first, and among these subscribers who have got a mail; then those
      who were refused longest ago.
    """
    values = {"at": now, "until": now + LEASE, "claiming_owner": owner, "most": limit}
    claims = map(Claim._make, rows_of(connection, _CLAIM[order], values))
    return sorted(claims, key=lambda claimed: (claimed.kind == DeliveryKind.DIGEST, claimed.attempts > 0, claimed.id))


def refused_before(connection: Connection, row_ids: Collection[int]) -> set[int]:
    """Return those of these rows whose recipients were refused before and have got no mail since.

    The row has a permanent refusal as its reply, or an older digest of the subscriber expired with one.
    """
    refused = select(delivery.c.id).where(delivery.c.id.in_(sorted(row_ids)), _was_refused())
    return set(connection.scalars(refused))


def newest_new_row(connection: Connection) -> datetime | None:
    """Return when the newest row that waits for its first try was planned, or None if no row waits for it."""
    return cast(datetime | None, connection.scalar(_NEWEST_NEW_ROW))


def settle(connection: Connection, settlements: Collection[tuple[Claim, Settlement]], now: datetime) -> set[int]:
    """Store the results of these claims, and return the ids of the rows that were settled.

    Claims that are no longer valid are left out: the row was deleted, or another sender has claimed or released it.
    """
    held = _still_claimed(connection, [claimed for claimed, _ in settlements])
    rows = [(claimed.id, *settlement) for claimed, settlement in settlements if claimed.id in held]
    run_for_all(connection, _SETTLE, {"settled_now": now}, ("settled_id", *Settlement._fields), rows)
    return held


def renew(connection: Connection, owner: str, now: datetime) -> None:
    """Extend all leases of this owner to LEASE from now."""
    connection.execute(update(delivery).where(delivery.c.owner == owner).values(next_try=now + LEASE))


def release(connection: Connection, owners: Collection[str], *, in_doubt: bool) -> None:
    """End the leases of these owners, so that other senders can claim the rows at once.

    `in_doubt` says that the owners may have sent some of the rows without settling them.
    """
    released = {"state": DeliveryState.PENDING, "next_try": AT_ONCE, "owner": None}
    doubt = {"in_doubt": True} if in_doubt else {}
    connection.execute(update(delivery).where(delivery.c.owner.in_(owners)).values(released | doubt))


def cancel_for(connection: Connection, subscriber_id: int, now: datetime) -> int:
    """Cancel the deliveries to a subscriber who left, except leased ones; return how many were cancelled."""
    return _cancel(connection, delivery.c.subscriber_id == subscriber_id, now)


def cancel_unwanted(connection: Connection, now: datetime) -> int:
    """Cancel the deliveries to all subscribers who left, except leased ones; return how many were cancelled.

    A sender may have deferred a delivery after `cancel_for` was called for its subscriber.
    """
    return _cancel(connection, _is_unwanted(), now)


def has_unwanted(connection: Connection) -> bool:
    """Return whether `cancel_unwanted` would cancel anything."""
    return bool(connection.scalar(select(exists().where(_is_free(), _is_unwanted()))))


def owners(connection: Connection) -> set[str]:
    """Return the senders that hold leases."""
    return set(connection.scalars(select(delivery.c.owner).where(_is_owned()).distinct()))


def is_due(connection: Connection, now: datetime) -> bool:
    """Return whether there is a row that can be claimed."""
    return rows_of(connection, _HAS_DUE, {"at": now}) == [(True,)]


def is_busy(connection: Connection, now: datetime) -> bool:
    """Return whether any row is due or leased."""
    return bool(connection.scalar(_IS_BUSY, {"at": now}))


def count_leased(connection: Connection) -> int:
    """Return the number of rows that are leased to any sender."""
    return connection.scalar(_COUNT_LEASED) or 0


def limit_waits(connection: Connection, now: datetime, longest_wait: timedelta) -> None:
    """Move next tries that are too far in the future to the latest instant that is possible from `now`.

    Leases end within LEASE, and retries begin within `longest_wait`. A later instant was computed from a clock that has
    been set back since.
    """
    for is_overlong, latest in _overlong_waits(now, longest_wait):
        connection.execute(update(delivery).where(is_overlong).values(next_try=latest))


def has_overlong_waits(connection: Connection, now: datetime, longest_wait: timedelta) -> bool:
    """Return whether `limit_waits` would change anything."""
    overlong = [is_overlong for is_overlong, _ in _overlong_waits(now, longest_wait)]
    return any(connection.scalar(select(exists().where(is_overlong))) for is_overlong in overlong)


def items_since(connection: Connection, subscriber_ids: Iterable[int], since: datetime) -> dict[int, list[str]]:
    """Return, by subscriber, the items of each digest or welcome mail planned at `since` or later.

    Skipped and expired digests are left out: the subscriber never gets their items from them.
    """
    row = delivery.c
    kept = row.state.not_in((DeliveryState.SKIPPED, DeliveryState.EXPIRED))
    digests = and_(row.kind.in_(KINDS_WITH_PAPERS), row.planned_at >= since, kept)
    items_by_subscriber: dict[int, list[str]] = {}
    for batch in batches(subscriber_ids):
        found = select(row.subscriber_id, row["items"]).where(row.subscriber_id.in_(batch), digests)
        for subscriber_id, items in connection.execute(found):
            items_by_subscriber.setdefault(subscriber_id, []).append(items)
    return items_by_subscriber


def used_periods(
    connection: Connection, subscriber_ids: Iterable[int], periods: Collection[str]
) -> set[tuple[int, str]]:
    """Return those pairs of a subscriber and one of these periods for which there is a digest already."""
    row = delivery.c
    used: set[tuple[int, str]] = set()
    for batch in batches(subscriber_ids):
        found = select(row.subscriber_id, row.period).where(
            row.subscriber_id.in_(batch), row.kind == DeliveryKind.DIGEST, row.period.in_(periods)
        )
        used.update((subscriber_id, period) for subscriber_id, period in connection.execute(found))
    return used


def newest_periods(
    connection: Connection, subscriber_ids: Iterable[int], until: Iterable[str]
) -> dict[int, list[str | None]]:
    """Return, by subscriber, the newest period of a digest for each form of period.

    `until` holds one period of each form, such as `2026-11-22`, `2026-W47` and `2026-11`. A list in the result has one
    item for each of these periods, in the same order: the newest period of the same form that is not later and has a
    digest, or None if there is no such period.
    """
    row = delivery.c
    newest = [func.max(case((and_(row.period.like(_form(last)), row.period <= last), row.period))) for last in until]
    found: dict[int, list[str | None]] = {}
    for batch in batches(subscriber_ids):
        digests = and_(row.subscriber_id.in_(batch), row.kind == DeliveryKind.DIGEST)
        rows = connection.execute(select(row.subscriber_id, *newest).where(digests).group_by(row.subscriber_id))
        found |= {subscriber_id: list(periods) for subscriber_id, *periods in rows}
    return found


def _form(period: str) -> str:
    """Return the LIKE pattern of the periods that differ from this one in their digits only."""
    return re.sub("[0-9]", "_", period)


def _still_claimed(connection: Connection, claims: Iterable[Claim]) -> set[int]:
    """Return the ids of the rows whose claims are still valid, and lock them until this transaction ends."""
    epochs = {claimed.id: claimed.epoch for claimed in claims}
    rows = rows_of(connection, _leases_locked(connection.dialect.name), {"row_ids": sorted(epochs)})
    return {row_id for row_id, epoch in rows if epoch == epochs[row_id]}


def _overlong_waits(now: datetime, longest_wait: timedelta) -> list[tuple[ColumnElement[bool], datetime]]:
    """Return the conditions under which a row waits too long, each with the latest instant that it may wait for."""
    leased = and_(_is_owned(), delivery.c.next_try > now + LEASE)
    return [(leased, now + LEASE), (delivery.c.next_try > now + longest_wait, now + longest_wait)]


def _is_due() -> ColumnElement[bool]:
    return delivery.c.next_try <= bindparam("at")


def _may_be_sent() -> ColumnElement[bool]:
    """Return the condition that a delivery is to an active subscriber, or to no subscriber."""
    active = exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == SubscriberState.ACTIVE)
    return or_(delivery.c.subscriber_id.is_(None), active)


def _is_unwanted() -> ColumnElement[bool]:
    """Return the condition that a delivery is to a subscriber who left."""
    left = [subscriber.c.state == state for state in (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)]
    return exists().where(subscriber.c.id == delivery.c.subscriber_id, or_(*left))


def is_unsettled() -> ColumnElement[bool]:
    """Return the condition that a row is leased or waits to be sent.

    It is written so that the index of `next_try` is used.
    """
    return delivery.c.next_try >= FIRST


def _is_owned() -> ColumnElement[bool]:
    """Return the condition that a sender has leased the row, written so that the index of `owner` is used."""
    return delivery.c.owner > ""


def _is_free() -> ColumnElement[bool]:
    """Return the condition that a row waits to be sent and is not leased."""
    return and_(is_unsettled(), delivery.c.state != DeliveryState.LEASED)


def _cancel(connection: Connection, condition: ColumnElement[bool], now: datetime) -> int:
    cancelled = {"state": DeliveryState.CANCELLED, "next_try": None, "settled_at": now}
    return connection.execute(update(delivery).where(_is_free(), condition).values(cancelled)).rowcount


def _leases(dialect: str) -> Select[Any]:
    """Return a query of the ids and epochs of those rows that are leased, among the ids bound as `row_ids`."""
    leased = select(delivery.c.id, delivery.c.epoch).where(delivery.c.state == DeliveryState.LEASED)
    return leased.where(in_parameter(dialect, delivery.c.id, "row_ids"))


@cache
def _leases_locked(dialect: str) -> Select[Any]:
    return _leases(dialect).order_by(delivery.c.id).with_for_update()


@cache
def _leases_to_send(dialect: str) -> Select[Any]:
    """Return the query of `_leases` without the deliveries to subscribers who left."""
    return _leases(dialect).where(or_(delivery.c.subscriber_id.is_(None), ~_is_unwanted()))


def _was_refused() -> ColumnElement[bool]:
    """Return the condition that a row's recipient was refused before, by a permanent reply, and got no mail since."""
    refused = _newest_of_subscriber(and_(_older.c.state == DeliveryState.EXPIRED, _older.c.reply.like("5%")))
    accepted = _newest_of_subscriber(_older.c.state == DeliveryState.ACCEPTED)
    return or_(delivery.c.reply.like("5%"), func.coalesce(refused, 0) > func.coalesce(accepted, 0))


def _has_got_mail() -> ColumnElement[bool]:
    accepted = and_(_older.c.subscriber_id == delivery.c.subscriber_id, _older.c.state == DeliveryState.ACCEPTED)
    return exists().where(accepted)


def _newest_of_subscriber(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return a subquery for the newest other delivery to a row's subscriber for which a condition on `_older` holds."""
    others = and_(_older.c.subscriber_id == delivery.c.subscriber_id, _older.c.id < delivery.c.id, condition)
    return select(func.max(_older.c.id)).where(others).correlate(delivery).scalar_subquery()


def _claim_statement(*order: ColumnElement[Any]) -> ReturningUpdate[Any]:
    oldest = (
        select(delivery.c.id)
        .where(_is_due(), _may_be_sent())
        .order_by(*order, delivery.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=delivery)
        .cte("oldest")  # PostgreSQL could run a plain subquery more than once, and claim more than the limit
    )
    leased = {
        "state": DeliveryState.LEASED,
        "owner": bindparam("claiming_owner"),
        "next_try": bindparam("until"),
        "epoch": delivery.c.epoch + 1,
        "in_doubt": case((delivery.c.state == DeliveryState.LEASED, True), else_=delivery.c.in_doubt),
    }
    statement = update(delivery).where(delivery.c.id.in_(select(oldest.c.id))).values(leased)
    return statement.returning(*(delivery.c[name] for name in Claim._fields))


# These statements run for each message or group of messages. Constructing a statement costs more than running it, so
# each is constructed once.
_older = delivery.alias("older")
_CLAIM = {
    ClaimOrder.WAITED_LONGEST: _claim_statement(delivery.c.next_try),
    ClaimOrder.RETRIES: _claim_statement(_was_refused(), delivery.c.attempts == 0, delivery.c.next_try),
    ClaimOrder.UNREFUSED: _claim_statement(
        _was_refused(), not_(_has_got_mail()), func.coalesce(delivery.c.settled_at, AT_ONCE)
    ),
}
_NEWEST_NEW_ROW = (
    select(delivery.c.planned_at).where(delivery.c.next_try <= AT_ONCE).order_by(delivery.c.id.desc()).limit(1)
)
_HAS_DUE = select(exists().where(_is_due(), _may_be_sent()))
_COUNT_LEASED = select(func.count()).where(_is_owned())
_IS_BUSY = select(or_(exists().where(_is_due(), _may_be_sent()), exists().where(_is_owned())))
_SETTLE = (
    update(delivery)
    .where(delivery.c.id == bindparam("settled_id"))
    .values(owner=None, settled_at=bindparam("settled_now"), **{name: bindparam(name) for name in Settlement._fields})
)


class ClaimCheck(Protocol):
    """A function that `checking_claims` yields."""

    def __call__(self, claim: Claim, next_ones: Iterable[Claim] = ()) -> bool:
        """Return whether a claim is still valid; `next_ones` are the claims that the caller will ask about next."""
        ...


@contextmanager
def checking_claims(engine: Engine) -> Iterator[ClaimCheck]:
    """Yield a function that returns whether a claim is still valid and its subscriber has not left.

    The answer takes into account everything that was committed before the call. On SQLite, the claims in `next_ones`
    are looked up together with the first one. Their answers are cached, and used for as long as the database's data
    version shows that nobody has committed anything since.
    """
    cached_version: int | None = None
    cached: dict[tuple[int, int], bool] = {}
    query = _leases_to_send(engine.dialect.name)
    with fresh_reads(engine) as reads:

        def is_still_held(claim: Claim, next_ones: Iterable[Claim] = ()) -> bool:
            nonlocal cached_version, cached
            key = claim.id, claim.epoch
            version = reads.version()
            if version is None or version != cached_version or key not in cached:
                keys = [key] if version is None else [key, *((each.id, each.epoch) for each in next_ones)]
                held = set(reads.rows(query, {"row_ids": [row_id for row_id, _ in keys]}))
                cached_version, cached = version, {each: each in held for each in keys}
            return cached[key]

        yield is_still_held
