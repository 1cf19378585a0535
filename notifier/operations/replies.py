"""The replies that notifier does not understand, or whose sender it cannot be sure of: list and drop them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine

from notifier.errors import UsageError
from notifier.store import reading, retried, returned, writing
from notifier.store.returned import UnclearReply


def list_unclear(engine: Engine) -> list[UnclearReply]:
    """Return the replies that an operator has not looked at, the newest first."""
    with reading(engine) as connection:
        return returned.unclear(connection)


@retried
def drop_unclear(engine: Engine, ids: Collection[int] | None) -> list[int]:
    """Drop these replies from the list, or all if `ids` is None, and return the ids of those that were dropped.

    Raises UsageError, and changes nothing, if there is no reply with one of these ids.
    """
    with writing(engine) as connection:
        dropped = returned.mark_seen(connection, ids)
        if missing := sorted(set(ids or ()) - set(dropped)):
            raise UsageError(f"there is no reply {missing[0]}; `notifier replies` lists them")
        return dropped
