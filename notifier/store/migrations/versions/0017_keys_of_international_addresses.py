"""Compute the keys of international addresses anew: domains are compared by their A-labels (IDNA 2008).

Two rows may turn out to be one subscriber, for example if one has the A-labels of the domain that the other has in
Unicode. These rows are merged. If the subscriber has left under one of the two spellings, the merged row says so.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from notifier.text.addresses import address_key

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BATCH = 500

# Of the rows that are merged, the one with the first of these states stays.
STATES = ("UNSUBSCRIBED", "SUPPRESSED", "ACTIVE", "PAUSED", "PENDING")

subscriber = sa.table("subscriber", *map(sa.column, ("id", "email", "address_key", "state")))
subscription = sa.table("subscription", *map(sa.column, ("id", "subscriber_id", "query_id", "topic")))
suppression = sa.table("suppression", *map(sa.column, ("id", "subscriber_id", "delivery_id")))
delivery = sa.table("delivery", *map(sa.column, ("id", "subscriber_id", "kind", "period")))


def upgrade() -> None:
    connection = op.get_bind()
    everyone = connection.execute(sa.select(subscriber)).all()
    keys = {row.id: address_key(row.email) for row in everyone if not row.email.isascii()}
    changed = {row.id: keys[row.id] for row in everyone if keys.get(row.id, row.address_key) != row.address_key}
    if not changed:
        return
    rows_of: dict[str, list[sa.Row[Any]]] = {key: [] for key in changed.values()}
    for row in everyone:
        key = keys.get(row.id, row.address_key)
        if key in rows_of:
            rows_of[key].append(row)
    # The new key of one row may be the old key of another. So all rows first get temporary keys, which no address has.
    _set_keys(connection, {row_id: f"#{row_id}" for row_id in changed})
    kept = {}
    for key, rows in rows_of.items():
        first, *others = sorted(rows, key=lambda row: (STATES.index(row.state), row.id))
        kept[first.id] = key
        for other in others:
            _merge(connection, first, other.id)
    _set_keys(connection, kept)


def _set_keys(connection: sa.Connection, keys: dict[int, str]) -> None:
    statement = sa.update(subscriber).where(subscriber.c.id == sa.bindparam("row_id"))
    changes = [{"row_id": row_id, "key": key} for row_id, key in keys.items()]
    connection.execute(statement.values(address_key=sa.bindparam("key")), changes)


def _merge(connection: sa.Connection, kept: sa.Row[Any], other_id: int) -> None:
    """Give the subscriptions, suppressions and deliveries of one row to another, and delete the row.

    A subscription or a digest that both have is kept once. If the subscriber has left, the next run cancels what waits.
    """
    _delete_doubles(connection, subscription, ("query_id",), kept.id, other_id)
    _delete_doubles(connection, subscription, ("topic",), kept.id, other_id)
    _delete_doubles(connection, delivery, ("kind", "period"), kept.id, other_id)
    for table in (subscription, suppression, delivery):
        connection.execute(sa.update(table).where(table.c.subscriber_id == other_id).values(subscriber_id=kept.id))
    connection.execute(sa.delete(subscriber).where(subscriber.c.id == other_id))


def _delete_doubles(
    connection: sa.Connection, table: sa.TableClause, columns: Sequence[str], kept_id: int, other_id: int
) -> None:
    """Delete the rows of one subscriber that another has too; rows with a null in these columns are not compared."""
    own = table.alias()
    same = sa.and_(own.c.subscriber_id == kept_id, *(own.c[name] == table.c[name] for name in columns))
    double = sa.select(table.c.id).where(table.c.subscriber_id == other_id, sa.exists().where(same))
    for ids in _batches(list(connection.scalars(double))):
        if table is delivery:
            connection.execute(
                sa.update(suppression).where(suppression.c.delivery_id.in_(ids)).values(delivery_id=None)
            )
        connection.execute(sa.delete(table).where(table.c.id.in_(ids)))


def _batches(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
