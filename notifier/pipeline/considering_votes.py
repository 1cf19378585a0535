"""Consider the votes since the last planning: announce papers again, and mark those to tag whose topics may change.

This is done before papers are tagged and digests are planned.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.store import changed_votes, reading, retried, writing
from notifier.store.ingest import lock
from notifier.topics import Catalogue


def consider_votes(engine: Engine, catalogue: Catalogue, now: datetime) -> int:
    """Consider the papers whose votes have changed, and return how many were announced again."""
    with reading(engine) as connection:
        if not changed_votes.are_left(connection):
            return 0
    return _consider(engine, catalogue, now)


@retried
def _consider(engine: Engine, catalogue: Catalogue, now: datetime) -> int:
    with writing(engine) as connection:
        lock(connection)
        return changed_votes.consider(connection, catalogue.votes_named, now)
