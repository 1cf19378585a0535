"""Databases as older versions of notifier made them: `python -m support.old_stores REVISION URL` makes one.

The migrations up to a revision make the tables, and generated rows fill each of them. The rows look as if that version
had written them; only their texts are invented.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Boolean, Column, Connection, Date, DateTime, Float, Integer, MetaData, Numeric, Table, text

from notifier.digests import items
from notifier.models import Item, Section
from notifier.store import schema
from notifier.store.engine import connect, writing

ROWS = 3  # in each table
FIRST_DAY = datetime(2026, 7, 1, 5, tzinfo=UTC)
REVISIONS = [path.name[:4] for path in sorted((schema.MIGRATIONS / "versions").glob("[0-9]*.py"))]

Row = dict[str, Any]
Rows = dict[str, list[Row]]  # by table

# Tables without rows of their own: the index of words, the tokens and the vectors are made again from the papers.
DERIVED = (
    *("alembic_version", "paper_tokens", "search_", "topic_catalogue", "simulated_clock"),
    *("paper_terms", "paper_vector", "similarity_basis"),
)

# What a column holds in the rows 1, 2 and 3. The name of the table comes before the column if others share its name.
# A column that is not here gets a value of its type. If None is given for a column that cannot be NULL, no value is
# inserted, so that the column gets the database's default.
VALUES: Mapping[str, tuple[Any, ...]] = {
    "subscriber.state": ("ACTIVE", "PENDING", "UNSUBSCRIBED"),
    "delivery.state": ("PENDING", "ACCEPTED", "HELD"),
    "delivery.items": (  # in the three versions of the text
        '[1,["All papers"],[[0,[[1]],1]],[]]',
        '[2,[2],\n["All papers",\t[2,null,[0,4]]],\n[null]]',
        items.encode((Section("All papers", (Item(3),), 3),), ()),
    ),
    "delivery.kind": ("digest",) * ROWS,
    "delivery.next_try": (FIRST_DAY, None, None),
    "delivery.settled_at": (None, FIRST_DAY, FIRST_DAY),
    "delivery.owner": (None,) * ROWS,
    "delivery.endpoint_id": (None,) * ROWS,
    "endpoint.events": ('["paper.announced"]',) * ROWS,
    "topic.terms": ("[]",) * ROWS,
    "topic.state": ("REMOVED",) * ROWS,
    "endpoint.kind": ("webhook",) * ROWS,
    "subscriber.endpoint_id": (None,) * ROWS,
    "suppression.state_before": ("ACTIVE",) * ROWS,
    "request.kind": ("sign-up", "sign-in", "sign-in"),
    "request.payload": ("{}",) * ROWS,
    "subscription.query_id": (None, 2, 3),
    "subscription.topic": ("all", None, None),
    "query.canonical": ("prune", "moe", '"alpha divergence"'),
    "text_version": (1,) * ROWS,
    "arxiv_id": ("2607.00001", "2607.00002", "2607.00003"),
    "paper.key": ("2607.00001", "2607.00002", "2607.00003"),
    "relay.name": ("smtp", "maildir", "other"),
    "relay.recent": ("",) * ROWS,
    "relay.paused_until": (None,) * ROWS,
    "probe_until": (None,) * ROWS,
    "probe_owner": (None,) * ROWS,
    "next_turn": (None,) * ROWS,
    "source.owner": (None,) * ROWS,
    "leased_until": (None,) * ROWS,
    "paused_until": (None,) * ROWS,
    "doubted_since": (None,) * ROWS,
    "signed_out_at": (None,) * ROWS,
    "left_over": (None,) * ROWS,
    "details": (None,) * ROWS,
    "tagged_by": (None,) * ROWS,
    "listing.announce": (None,) * ROWS,
    "origins": ("{}",) * ROWS,
    "cadence": ("daily",) * ROWS,
    "hour": ("08:00",) * ROWS,
    "timezone": ("UTC",) * ROWS,
    "weekday": (0,) * ROWS,
    "cursor": (0,) * ROWS,
    "sequence": (1, 2, 3),
    "stored_answer.body": (b"{}",) * ROWS,
    "slug": ("pruning", "vision", "speech"),
    **dict.fromkeys(("authors", "categories", "keywords", "policy_domains"), ('["a", "b"]',) * ROWS),
    "policy_refusals": ('["a", "b"]',) * ROWS,
    **{name: tuple(f"reader{n}@example.org" for n in (1, 2, 3)) for name in ("email", "reader", "address_key")},
}


def make_old_store(connection: Connection, revision: str) -> Rows:
    """Make the tables of a revision with rows in all of them, and return the rows."""
    upgrade(connection, revision)
    for table in _tables(connection):
        connection.execute(table.insert(), [_row(table, number) for number in range(1, ROWS + 1)])
        if connection.dialect.name == "postgresql" and "id" in table.columns:
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {ROWS})"))
    return rows_of(connection)


def upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations up to a revision."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)


def rows_of(connection: Connection) -> Rows:
    """Return the rows of all tables, except the tables that are made from others."""
    return {
        table.name: [dict(row._mapping) for row in connection.execute(table.select().order_by(*table.primary_key))]
        for table in _tables(connection)
    }


def _tables(connection: Connection) -> Iterator[Table]:
    """Yield the tables as they are in the database, those that others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return (table for table in found.sorted_tables if not table.name.startswith(DERIVED))


def _row(table: Table, number: int) -> Row:
    values = {column.name: _value(table, column, number) for column in table.columns}
    return {name: value for name, value in values.items() if value is not None or table.columns[name].nullable}


def _value(table: Table, column: Column[Any], number: int) -> Any:
    known = VALUES.get(f"{table.name}.{column.name}", VALUES.get(column.name))
    if known is not None:
        return _stored(known[number - 1], column)
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return _value(key.column.table, key.column, number)
    return _by_type(table, column, number)


def _by_type(table: Table, column: Column[Any], number: int) -> Any:
    at = FIRST_DAY + timedelta(days=number)
    match column.type:
        case Boolean():
            return number == 1
        case Integer() | Numeric() | Float():
            return number
        case Date():
            return at.date()
        case DateTime():
            return _stored(at, column)
    return f"{column.name} {number} of {table.name}"


def _stored(value: Any, column: Column[Any]) -> Any:
    """Return a value as the column takes it: SQLite has no time zones."""
    is_local = isinstance(column.type, DateTime) and not column.type.timezone
    return value.replace(tzinfo=None) if isinstance(value, datetime) and is_local else value


if __name__ == "__main__":
    engine = connect(sys.argv[2])
    with writing(engine) as opened:
        made = make_old_store(opened, sys.argv[1])
    print(f"{sys.argv[2]}: schema {sys.argv[1]}, {sum(map(len, made.values()))} rows in {len(made)} tables")
