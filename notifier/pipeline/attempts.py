"""Record the attempts to ingest a dump, so that a dump that kills or hangs the process is quarantined.

An attempt is recorded before the dump is read. The record is deleted when the attempt has ended, whether it succeeded
or not. A record whose process is gone is therefore that of an interrupted attempt. An interruption proves nothing about
the dump, because somebody may have ended the process for another reason. So the dump is tried again, and parsed in a
process of its own, however small it is: if parsing it is what ends or blocks a process, only that process ends. After
MAX_INTERRUPTIONS interruptions in a row, the dump is given up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import Engine

from notifier.files import owner_has_finished, owner_is_gone, remove_owner_lock
from notifier.store import dumps, retried, writing
from notifier.store.dumps import IngestAttempt

MAX_INTERRUPTIONS = 30
# An attempt that began longer ago than this counts as over, even if nobody knows whether its process still runs.
LONGEST = timedelta(hours=1)

GIVEN_UP = (
    "reading it was interrupted {} times, maybe because it ends or blocks the process; if it is a good dump, "
    "`notifier quarantine retry PATH` reads it again"
)


class Decision(Enum):
    """The decision about a dump that was found in the dumps folder."""

    INGEST = auto()
    INGEST_IN_CHILD = auto()  # parse it in a process of its own
    BUSY = auto()  # leave it alone: another process is ingesting it
    QUARANTINE = auto()


@retried
def begin(engine: Engine, path: str, fingerprint: str, owner: str, owners: Path) -> tuple[Decision, int]:
    """Record that `owner` begins to ingest the dump, unless another process is ingesting it.

    Returns the decision, and how many attempts in a row have begun and not ended. `fingerprint` is a text that changes
    when the dump's file does. `owners` is the folder with the lock files of running processes. The time is that of the
    machine and not that of `--now`, because this is about processes and not about papers.
    """
    now = datetime.now(UTC)
    first = IngestAttempt(path, fingerprint, owner, attempts=1, first_at=now, at=now)
    with writing(engine) as connection:
        before = dumps.last_attempt(connection, path, lock=True)
        if before is None:
            dumps.add_attempt(connection, first)
            return Decision.INGEST, 1
        if before.fingerprint != fingerprint or owner_has_finished(owners, before.owner):
            dumps.replace_attempt(connection, first)
            return Decision.INGEST, 1
        gone = owner_is_gone(owners, before.owner)
        if not gone and abs(now - before.at) < LONGEST:
            return Decision.BUSY, before.attempts
        given_up = before.attempts >= MAX_INTERRUPTIONS
        again = replace(before, owner=owner, at=now, attempts=before.attempts + (not given_up))
        dumps.replace_attempt(connection, again)
    if gone:
        remove_owner_lock(owners, before.owner)
    if given_up:
        return Decision.QUARANTINE, again.attempts
    return Decision.INGEST_IN_CHILD, again.attempts


@retried
def end(engine: Engine, path: str, owner: str) -> None:
    """Record that this owner's attempt to ingest the dump has ended."""
    with writing(engine) as connection:
        dumps.delete_attempt(connection, path, owner)
