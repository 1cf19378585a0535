"""Begin the pins of papers when their days begin."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.store import ingest, pins, reading, retried, writing


def begin_pins(engine: Engine, now: datetime) -> None:
    """Begin the pins whose days have begun somewhere on Earth, and announce their papers.

    From then on, pages, feeds and digests show them. Nothing is written if there are none.
    """
    with reading(engine) as connection:
        if not pins.are_due(connection, now):
            return
    _begin(engine, now)


@retried
def _begin(engine: Engine, now: datetime) -> None:
    with writing(engine) as connection:
        ingest.lock(connection)
        pins.begin_due(connection, now)
