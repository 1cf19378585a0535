"""Declare the column types and columns that the tables share, and the base of all tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Dialect, Integer, MetaData, Text, false
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel


class Instant(TypeDecorator[datetime]):
    """The column type of an aware datetime in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value for the database. Raises ValueError for a datetime without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the database's value as an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonStrings(TypeDecorator[tuple[str, ...]]):
    """The column type of a tuple of strings, stored as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Return the tuple as JSON."""
        return None if value is None else f"[{', '.join(map(encode_basestring, value))}]"

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        """Return the tuple that the JSON holds."""
        return None if value is None else tuple(json.loads(value))


# All constraints have names, so that a migration can drop a constraint that an earlier migration created.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


# NEVER_REUSE_IDS is for tables whose ids may still be in use elsewhere when a row is deleted: in a digest's items, in a
# late settlement, or in a link in a mail.
LARGEST_ID = (1 << 63) - 1  # the largest id of a row; PostgreSQL refuses larger numbers, even in comparisons
NEVER_REUSE_IDS = {"sqlite_autoincrement": True}

# The type of all whole numbers. SQLite stores each in 64 bits anyway, and gives new rows an id only in a column of its
# type INTEGER.
WHOLE_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


class Table(SQLModel):
    """The base of all tables."""

    # Rows are not validated, and building validators at import would take longer than declaring the tables.
    model_config = {"defer_build": True}
    metadata = MetaData(naming_convention=NAMING)


def widen_integers() -> None:
    """Give all integer columns of all tables 64 bits."""
    for table in Table.metadata.tables.values():
        for column in table.columns:
            if type(column.type) is Integer:
                column.type = WHOLE_NUMBER


def instant(nullable: bool = False, index: bool = False) -> Column[datetime]:
    """Return a column of instants."""
    return Column(Instant, nullable=nullable, index=index)


def flag() -> Column[bool]:
    """Return a column of flags, which are false by default."""
    return Column(Boolean, nullable=False, server_default=false())


def strings() -> Column[tuple[str, ...]]:
    """Return a column of tuples of strings, which are empty by default."""
    return Column(JsonStrings, nullable=False, server_default="[]")
