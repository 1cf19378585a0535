"""Prepare a database that was restored from an older backup."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from notifier.store import deliveries, restored, retried, writing


@retried
def prepare_restored(engine: Engine, now: datetime) -> int:
    """Skip the ids that the lost database may have assigned, and hold all waiting deliveries; return how many are held.

    No other process may use the database. Claims of senders are held too, because those senders are gone.
    """
    with writing(engine) as connection:
        restored.skip_ids(connection)
        return deliveries.hold_waiting(connection, now, with_leased=True)
