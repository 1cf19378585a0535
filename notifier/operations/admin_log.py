"""Log what administrators do on the pages, and read this log.

The entry is stored before the change is made, because a change may take several transactions, or a request to another
server. So no change is without an entry, also if the process is killed. A change that is refused leaves no entry.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from notifier.errors import NotifierError, StoreError, UsageError, shortened
from notifier.models import AdminEntry
from notifier.store import admin_log, reading, retried, writing
from notifier.text.harmless import without_controls

T = TypeVar("T")

DONE = "done"
LONGEST_TEXT = 500  # characters


def logged(
    engine: Engine, entry: AdminEntry, change: Callable[[], T], describe: Callable[[T], str] = lambda _: DONE
) -> T:
    """Make a change, and log it with its outcome; `describe` returns the outcome of what `change` has returned.

    If `change` raises UsageError, nothing was changed, and nothing is logged.
    """
    entry_id = _begin(engine, entry)
    try:
        result = change()
    except UsageError:
        _remove(engine, entry_id)
        raise
    except Exception as error:
        reason = str(error) if isinstance(error, NotifierError) else type(error).__name__
        with suppress(StoreError, SQLAlchemyError):  # the database may be the reason why the change has failed
            _finish(engine, entry_id, f"failed: {reason}")
        raise
    _finish(engine, entry_id, describe(result))
    return result


def log_done(connection: Connection, entry: AdminEntry) -> None:
    """Log a change in the transaction that makes it, so that either both are stored or neither is."""
    admin_log.finish(connection, admin_log.add(connection, _cleaned(entry)), DONE)


def read_admin_log(
    engine: Engine, limit: int | None, before_id: int | None = None, subject: str | None = None
) -> list[AdminEntry]:
    """Return at most `limit` entries of the log, the newest first; see `store.admin_log.entries`."""
    with reading(engine) as connection:
        return admin_log.entries(connection, limit, before_id, subject)


@retried
def _begin(engine: Engine, entry: AdminEntry) -> int:
    with writing(engine) as connection:
        return admin_log.add(connection, _cleaned(entry))


@retried
def _finish(engine: Engine, entry_id: int, outcome: str) -> None:
    with writing(engine) as connection:
        admin_log.finish(connection, entry_id, _clean(outcome))


@retried
def _remove(engine: Engine, entry_id: int) -> None:
    with writing(engine) as connection:
        admin_log.remove(connection, entry_id)


def _clean(text: str) -> str:
    return shortened(without_controls(text), LONGEST_TEXT)


def _cleaned(entry: AdminEntry) -> AdminEntry:
    return replace(entry, subject=_clean(entry.subject), details=_clean(entry.details))
