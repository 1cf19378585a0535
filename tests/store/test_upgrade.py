"""Upgrading older stores: subscribers keep their digests and queries, and suppressions can be taken back."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, text
from support.planned_papers import digests_of, stored_subscriber
from support.service import MONDAY, add_subscriber, ingest_page

from notifier.config import Config
from notifier.pipeline.planning import plan
from notifier.store import relays, schema
from notifier.store.engine import connect, reading, writing
from notifier.subscribers.reinstating import SuppressedChoice, reinstate
from notifier.subscribers.subscribing import SignUp


def upgrade(connection: Connection, version: str) -> None:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(schema.MIGRATIONS))
    settings.attributes["connection"] = connection
    command.upgrade(settings, version)


def test_a_subscriber_in_an_older_store_gets_the_next_digest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    with writing(old) as connection:
        upgrade(connection, "0003")
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


def test_a_query_in_an_older_store_gets_a_readable_label_and_can_be_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    with writing(old) as connection:
        upgrade(connection, "0014")
        connection.execute(
            text(
                "INSERT INTO subscriber (email, address_key, state, cadence, hour, timezone, weekday, cursor, "
                "last_dump, created_at) VALUES ('ann@example.org', 'ann@example.org', 'PENDING', 'daily', '08:00', "
                "'UTC', 0, 0, 0, '2026-07-01 00:00:00')"
            )
        )
        connection.execute(text("INSERT INTO query (canonical, text_version) VALUES ('-survey moe', 1)"))
        connection.execute(
            text("INSERT INTO subscription (subscriber_id, query_id, label) VALUES (1, 1, 'MoE -survey')")
        )
    old.dispose()
    engine = schema.open_store(url)
    (asked,) = stored_subscriber(engine, "ann@example.org").subscriptions
    assert (asked.query, asked.label, asked.name) == ("MoE -survey", "MoE, not survey", None)
    add_subscriber(engine, SignUp("ann@example.org", ("moe -survey",), name="Sparse models"))
    (asked,) = stored_subscriber(engine, "ann@example.org").subscriptions
    assert (asked.query, asked.label, asked.name) == ("MoE -survey", "Sparse models", "Sparse models")
    engine.dispose()


def test_a_suppression_in_an_older_store_is_kept_with_its_reply(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = connect(url)
    with writing(old) as connection:
        upgrade(connection, "0011")
        connection.execute(
            text(
                "INSERT INTO subscriber (email, address_key, state, cadence, hour, timezone, weekday, cursor, "
                "created_at, confirmed_at) VALUES ('ann@example.org', 'ann@example.org', 'SUPPRESSED', 'daily', "
                "'08:00', 'UTC', 0, 0, '2026-07-01 00:00:00', '2026-07-01 00:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO delivery (subscriber_id, kind, period, recipient, message_id, subject, items, planned_at, "
                "state, attempts, uncertain, epoch, reply, settled_at) VALUES (1, 'digest', '2026-07-06', "
                "'ann@example.org', '<1@example.org>', 'papers', '', '2026-07-06 08:00:00', 'REJECTED', 1, 0, 1, "
                "'550 relay not permitted', '2026-07-06 08:00:01')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO relay (name, reason, pauses, errors, busy, recent, policy_domains, sent) "
                "VALUES ('smtp', '', 0, 0, 0, '', '[\"a.org\", \"b.org\"]', 0)"
            )
        )
    old.dispose()
    engine = schema.open_store(url)
    done = reinstate(engine, SuppressedChoice(reply="relay not permitted", since=MONDAY), MONDAY.replace(hour=9))
    assert [(each.email, each.state) for each in done.subscribers] == [("ann@example.org", "ACTIVE")]
    with reading(engine) as connection:
        assert relays.read(connection, "smtp").policy_refusals == ()
    engine.dispose()
