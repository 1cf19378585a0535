"""Claim rows of the outbox under a lease, settle them, and renew and release leases."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, exists, func, not_, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from notifier.models import CHANNEL_PREFIX, DeliveryKind, DeliveryState
from notifier.store import results
from notifier.store.outbox.rows import AT_ONCE, FIRST, LEASE, is_mail, is_owned, leases, may_be_sent
from notifier.store.results import Attempt
from notifier.store.statements import rows_of, run_for_all
from notifier.store.tables import delivery


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


class ClaimOrder(Enum):
    """The order in which due rows are claimed; see `claim`."""

    WAITED_LONGEST = "waited longest"
    RETRIES = "retries"
    UNREFUSED = "unrefused"


def claim(  # noqa: PLR0913
    connection: Connection,
    owner: str,
    now: datetime,
    limit: int,
    order: ClaimOrder = ClaimOrder.WAITED_LONGEST,
    *,
    endpoint_id: int | None = None,
) -> list[Claim]:
    """Lease due rows, at most `limit`, and return the claims: mails, or what is for the endpoint with this id.

    The claims are returned in this order: other messages before digests, because somebody may be waiting for them; then
    rows that were never tried before rows that were; then by id.

    A row whose lease has ended is due again. Rows that another sender is claiming at this moment are left out
    (PostgreSQL only; SQLite has one writer). If more rows are due than `limit`, `order` says which of them are claimed:

    - WAITED_LONGEST: first new rows, then those whose next try was due first.
    - RETRIES: first rows that were tried already, because a relay that defers every first try (greylisting) accepts
      these. Rows whose recipients were refused come last.
    - UNREFUSED: first rows whose recipients were never refused; among these, first those of subscribers who have got
      a mail. Rows whose recipients were refused come last; among these, first those that were refused longest ago.
    """
    values = {"at": now, "until": now + LEASE, "claiming_owner": owner, "most": limit, "to_endpoint": endpoint_id}
    claims = map(Claim._make, rows_of(connection, _CLAIM[order, endpoint_id is None], values))
    return sorted(claims, key=lambda claimed: (claimed.kind == DeliveryKind.DIGEST, claimed.attempts > 0, claimed.id))


def refused_before(connection: Connection, row_ids: Collection[int]) -> set[int]:
    """Return some of these ids: those of rows whose recipients were refused before and have got no mail since.

    A recipient was refused before if the row has a permanent refusal as its reply, or if an older digest of the
    subscriber has expired with one.
    """
    refused = select(delivery.c.id).where(delivery.c.id.in_(sorted(row_ids)), _was_refused())
    return set(connection.scalars(refused))


def newest_new_row(connection: Connection) -> datetime | None:
    """Return the instant at which the newest mail that waits for its first try was planned; None if there is none."""
    return cast(datetime | None, connection.scalar(_NEWEST_NEW_ROW))


def oldest_untried(connection: Connection) -> datetime | None:
    """Return the instant at which the oldest of the mails that were never tried was planned; None if there is none.

    Only rows that may be sent count. Alerts do not count, because one of them may be about this very row.
    """
    planned = [connection.scalar(_OLDEST_UNTRIED, {"at": next_try}) for next_try in (FIRST, AT_ONCE)]
    return min((each for each in planned if each is not None), default=None)


def settle(connection: Connection, settlements: Collection[tuple[Claim, Settlement]], now: datetime) -> set[int]:
    """Store the results of these claims, and return the ids of the rows that were settled.

    Claims that are no longer valid are left out: the row was deleted, or another sender has claimed or released it.
    """
    held = _still_claimed(connection, [claimed for claimed, _ in settlements])
    rows = [(claimed.id, *settlement) for claimed, settlement in settlements if claimed.id in held]
    run_for_all(connection, _SETTLE, {"settled_now": now}, ("settled_id", *Settlement._fields), rows)
    ended = [(claimed, result) for claimed, result in settlements if claimed.id in held]
    attempts = [Attempt(_counted_kind(claimed), claimed.planned_at, each.state, each.reply) for claimed, each in ended]
    results.count(connection, attempts, now)
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


def owners(connection: Connection) -> set[str]:
    """Return the senders that hold leases."""
    return set(connection.scalars(select(delivery.c.owner).where(is_owned()).distinct()))


def is_due(connection: Connection, now: datetime, endpoint_id: int | None = None) -> bool:
    """Return whether there is a mail, or something for the endpoint with this id, that can be claimed."""
    values = {"at": now, "to_endpoint": endpoint_id}
    return rows_of(connection, _HAS_DUE[endpoint_id is None], values) == [(True,)]


def is_busy(connection: Connection, now: datetime) -> bool:
    """Return whether any mail is due or leased."""
    return bool(connection.scalar(_IS_BUSY, {"at": now}))


def count_leased(connection: Connection) -> int:
    """Return the number of mails that are leased to any sender."""
    return connection.scalar(_COUNT_LEASED) or 0


def _counted_kind(claimed: Claim) -> str:
    return results.CHANNEL_KIND if claimed.recipient.startswith(CHANNEL_PREFIX) else claimed.kind


def _still_claimed(connection: Connection, claims: Iterable[Claim]) -> set[int]:
    """Return the ids of the rows whose claims are still valid, and lock them until this transaction ends."""
    epochs = {claimed.id: claimed.epoch for claimed in claims}
    rows = rows_of(connection, _leases_locked(connection.dialect.name), {"row_ids": sorted(epochs)})
    return {row_id for row_id, epoch in rows if epoch == epochs[row_id]}


def _is_due() -> ColumnElement[bool]:
    return delivery.c.next_try <= bindparam("at")


@cache
def _leases_locked(dialect: str) -> Select[Any]:
    return leases(dialect).order_by(delivery.c.id).with_for_update()


def _was_refused() -> ColumnElement[bool]:
    """Return the condition that a row's recipient was refused before, by a permanent reply, and got no mail since."""
    refused = _newest_of_subscriber(and_(_older.c.state == DeliveryState.EXPIRED, _older.c.reply.like("5%")))
    accepted = _newest_of_subscriber(_older.c.state == DeliveryState.ACCEPTED)
    return or_(delivery.c.reply.like("5%"), func.coalesce(refused, 0) > func.coalesce(accepted, 0))


def _has_got_mail() -> ColumnElement[bool]:
    accepted = and_(_older.c.subscriber_id == delivery.c.subscriber_id, _older.c.state == DeliveryState.ACCEPTED)
    return exists().where(accepted)


def _newest_of_subscriber(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return a subquery for the id of the newest earlier delivery to a row's subscriber that meets `condition`."""
    others = and_(_older.c.subscriber_id == delivery.c.subscriber_id, _older.c.id < delivery.c.id, condition)
    return select(func.max(_older.c.id)).where(others).correlate(delivery).scalar_subquery()


def _claim_statement(destination: ColumnElement[bool], *order: ColumnElement[Any]) -> ReturningUpdate[Any]:
    oldest = (
        select(delivery.c.id)
        .where(destination, _is_due(), may_be_sent())
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


_ORDERS: dict[ClaimOrder, tuple[ColumnElement[Any], ...]] = {
    ClaimOrder.WAITED_LONGEST: (delivery.c.next_try,),
    ClaimOrder.RETRIES: (_was_refused(), delivery.c.attempts == 0, delivery.c.next_try),
    ClaimOrder.UNREFUSED: (_was_refused(), not_(_has_got_mail()), func.coalesce(delivery.c.settled_at, AT_ONCE)),
}
# The destination of a row, by whether it is a mail.
_DESTINATIONS = {True: is_mail(), False: delivery.c.endpoint_id == bindparam("to_endpoint")}
_CLAIM = {
    (order, for_mail): _claim_statement(destination, *columns)
    for order, columns in _ORDERS.items()
    for for_mail, destination in _DESTINATIONS.items()
}
_NEWEST_NEW_ROW = (
    select(delivery.c.planned_at)
    .where(delivery.c.next_try <= AT_ONCE, is_mail())
    .order_by(delivery.c.id.desc())
    .limit(1)
)
_OLDEST_UNTRIED = (
    select(delivery.c.planned_at)
    .where(delivery.c.next_try == bindparam("at"), delivery.c.attempts == 0, may_be_sent())
    .where(delivery.c.kind != DeliveryKind.ALERT, is_mail())
    .order_by(delivery.c.id)
    .limit(1)
)
_HAS_DUE = {
    for_mail: select(exists().where(destination, _is_due(), may_be_sent()))
    for for_mail, destination in _DESTINATIONS.items()
}
_COUNT_LEASED = select(func.count()).where(is_owned(), is_mail())
_IS_BUSY = select(or_(exists().where(is_mail(), _is_due(), may_be_sent()), exists().where(is_mail(), is_owned())))
_SETTLE = (
    update(delivery)
    .where(delivery.c.id == bindparam("settled_id"))
    .values(owner=None, settled_at=bindparam("settled_now"), **{name: bindparam(name) for name in Settlement._fields})
)
