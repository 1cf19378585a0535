"""Take locks of PostgreSQL that belong to no row; each is held until the transaction ends.

See https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS. SQLite needs none of them, because it
has one writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from sqlalchemy import Connection, Engine, func, select

from notifier.store.engine import reading

_NUMBERS = 1 << 31  # how many second numbers there are


class AdvisoryLock(IntEnum):
    """The locks, each of which one transaction may hold at a time.

    The numbers must differ from all others in the database.
    """

    INGEST = 0x6E6F7469
    IMPORT = 0x6E6F746A
    UPGRADE = 0x6E6F746B
    TOPICS = 0x6E6F746C
    PLAN = 0x6E6F746D  # with the number of a range of subscribers as a second number


def wait_for(connection: Connection, lock: AdvisoryLock) -> None:
    """Wait until no other transaction holds this lock, and hold it until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(int(lock))))


@contextmanager
def claimed(engine: Engine, ids: range, *, wait: bool = False) -> Iterator[bool]:
    """Claim the planning of the subscribers with these ids while the block runs; yield whether no other process has it.

    With `wait`, the claim is waited for. The database gives up the claim of a process that dies. On SQLite, nothing is
    claimed: the processes of one machine may choose the same digests, and one of them stores each.
    """
    if engine.dialect.name != "postgresql":
        yield True
        return
    claim = func.pg_advisory_xact_lock if wait else func.pg_try_advisory_xact_lock
    number = ids.start // len(ids) % _NUMBERS
    with reading(engine) as connection:
        got = connection.scalar(select(claim(int(AdvisoryLock.PLAN), number)))
        yield wait or bool(got)
