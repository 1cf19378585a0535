"""Take locks of PostgreSQL that belong to no row; each is held until the transaction ends.

See https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS. SQLite needs none of them, because it
has one writer.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection, func, select


class AdvisoryLock(IntEnum):
    """The locks, each of which one transaction may hold at a time.

    The numbers must differ from all others in the database.
    """

    INGEST = 0x6E6F7469
    IMPORT = 0x6E6F746A
    UPGRADE = 0x6E6F746B


def wait_for(connection: Connection, lock: AdvisoryLock) -> None:
    """Wait until no other transaction holds this lock, and hold it until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(int(lock))))
