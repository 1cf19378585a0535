"""Compute the canonical form of stored queries again, after an upgrade that changes the text rules."""

from __future__ import annotations

from sqlalchemy import Engine

from notifier.store import outdated_queries, reading, retried, writing

BATCH = 500


def update_stored_queries(engine: Engine) -> None:
    """Give all stored queries their canonical form by the current text rules; this is quick if they have it already.

    Any number of processes may do this at once, and it may be stopped at any moment.
    """
    with reading(engine) as connection:
        if not outdated_queries.are_left(connection):
            return
    below: int | None = outdated_queries.ANY_ID
    while below is not None:
        below = _update_batch(engine, below)


@retried
def _update_batch(engine: Engine, below: int) -> int | None:
    with writing(engine) as connection:
        return outdated_queries.rewrite(connection, below, BATCH)
