"""Upgrading a store that was created before pauses existed: its subscribers go on getting digests."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import text
from support.planned_papers import digests_of, stored_subscriber
from support.service import MONDAY, ingest_page

from notifier.config import Config
from notifier.pipeline.planning import plan
from notifier.store import schema
from notifier.store.engine import connect, writing


def test_a_subscriber_in_an_older_store_gets_the_next_digest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(schema.MIGRATIONS))
    with writing(old) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0003")
        connection.execute(
            text(
                "INSERT INTO subscriber (email, reader, state, cadence, hour, timezone, weekday, cursor, created_at, "
                "confirmed_at, next_due) VALUES ('ann@example.org', 'ann@example.org', 'ACTIVE', 'daily', '08:00', "
                "'UTC', 0, 0, '2026-07-01 00:00:00', '2026-07-01 00:00:00', '2026-07-06 08:00:00')"
            )
        )
        connection.execute(
            text("INSERT INTO subscription (subscriber_id, topic, label) VALUES (1, 'all', 'All papers')")
        )
    old.dispose()
    engine = schema.open_store(url)
    ann = stored_subscriber(engine, "ann@example.org")
    assert ann.active_since == ann.confirmed_at is not None
    ingest_page(engine, tmp_path, ["A Paper of Monday"])
    plan(engine, Config(), MONDAY.replace(hour=8))
    assert digests_of(engine, "ann@example.org") == [("2026-07-06", ["A Paper of Monday"])]
    engine.dispose()
