"""Attempts to ingest a dump, recorded so that a dump that kills or hangs the process is set aside.

An attempt is recorded before the dump is read. The record is deleted when the attempt has ended, whether it succeeded
or not. A record whose process is gone is therefore that of an interrupted attempt. An interruption proves nothing about
the dump, because somebody may have ended the process for another reason. So the dump is tried again, and parsed in a
process of its own, however small it is: if parsing it is what ends or blocks a process, only that process ends. After
MOST_INTERRUPTIONS interruptions in a row, the dump is given up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import Engine

from notifier.files import owner_has_finished, owner_is_gone, remove_owner_lock
from notifier.store import dumps, retried, writing
from notifier.store.dumps import Begun

MOST_INTERRUPTIONS = 30
# An attempt that began longer ago than this counts as over, even if nobody knows whether its process still runs.
LONGEST = timedelta(hours=1)

GIVEN_UP = (
    "reading it was interrupted {} times: it may be what ended or blocked the process; if it is a good dump, "
    "`notifier quarantine retry PATH` reads it again"
)


class Beginning(Enum):
    """What is to be done with a dump.

    GO: ingest it. AGAIN: ingest it, and parse it in a process of its own. BUSY: leave it alone, because
    another process is ingesting it. GIVE_UP: quarantine it.
    """

    GO = auto()
    AGAIN = auto()
    BUSY = auto()
    GIVE_UP = auto()


@retried
def begin(engine: Engine, path: str, look: str, owner: str, owners: Path) -> tuple[Beginning, int]:
    """Record that `owner` begins to ingest the dump, unless another process is ingesting it.

    Returns what is to be done, and how many attempts in a row have begun and not ended. `look` describes the dump's
    file, and changes when the file does. `owners` is the folder with the lock files of running processes. The time is
    that of the machine and not that of `--now`, because this is about processes and not about papers.
    """
    now = datetime.now(UTC)
    first = Begun(path, look, owner, attempts=1, first_at=now, at=now)
    with writing(engine) as connection:
        before = dumps.begun(connection, path, lock=True)
        if before is None:
            dumps.add_begun(connection, first)
            return Beginning.GO, 1
        if before.look != look or owner_has_finished(owners, before.owner):
            dumps.replace_begun(connection, first)
            return Beginning.GO, 1
        gone = owner_is_gone(owners, before.owner)
        if not gone and abs(now - before.at) < LONGEST:
            return Beginning.BUSY, before.attempts
        given_up = before.attempts >= MOST_INTERRUPTIONS
        again = replace(before, owner=owner, at=now, attempts=before.attempts + (not given_up))
        dumps.replace_begun(connection, again)
    if gone:
        remove_owner_lock(owners, before.owner)
    if given_up:
        return Beginning.GIVE_UP, again.attempts
    return Beginning.AGAIN, again.attempts


@retried
def end(engine: Engine, path: str, owner: str) -> None:
    """Record that this owner's attempt to ingest the dump has ended."""
    with writing(engine) as connection:
        dumps.forget_begun(connection, path, owner)
