"""The database: its two kinds of transaction, its migrations, and its error messages."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, select, text
from support.service import MONDAY, SEEDS, clean_environment, ingest_page
from support.stored_papers import all_papers

from notifier.errors import StoreError
from notifier.pipeline.ingesting import ingest
from notifier.store import schema
from notifier.store.engine import connect, reading, writing
from notifier.store.tables import Instant, Table, subscriber


@pytest.mark.sqlite  # on PostgreSQL, a row has to be read with a lock
def test_threads_that_write_at_once_lose_no_update(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))

    def count_up() -> None:
        for _ in range(50):
            with writing(engine) as connection:
                value = connection.execute(text("SELECT value FROM counter")).scalar_one()
                connection.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(count_up) for _ in range(4)]:
            future.result()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT value FROM counter")).scalar_one() == 200


@pytest.mark.sqlite
def test_every_connection_is_durable_and_enforces_foreign_keys(engine: Engine) -> None:
    with reading(engine) as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_an_engine_has_at_most_the_given_number_of_connections(engine: Engine) -> None:
    small = connect(engine.url.render_as_string(hide_password=False), pool_seconds=0.1, connections=6)
    with ExitStack() as opened:
        for _ in range(6):
            opened.enter_context(reading(small))
        with pytest.raises(StoreError, match="connections"):
            opened.enter_context(reading(small))
    with reading(small):
        pass
    small.dispose()


def test_the_migrations_create_the_declared_tables(engine: Engine) -> None:
    with reading(engine) as connection:
        declared = MigrationContext.configure(connection, opts={"include_name": _is_no_part_of_the_text_index})
        assert compare_metadata(declared, Table.metadata) == []


def _is_no_part_of_the_text_index(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the virtual table of FTS5 and the tables that FTS5 makes for it, which SQLModel cannot declare."""
    return not (kind == "table" and str(name).startswith("search_text"))


def test_the_constant_head_names_the_newest_migration() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(settings).get_heads() == [schema.HEAD]


@pytest.mark.slow
def test_processes_that_open_a_new_database_at_the_same_time_create_it_once(tmp_path: Path) -> None:
    code = f"from notifier.store.schema import open_store; open_store('sqlite:///{tmp_path}/new.db').dispose()"
    runs = [
        subprocess.Popen([sys.executable, "-c", code], env=clean_environment(), stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    assert [run.communicate()[1] for run in runs] == [b""] * 6
    engine = schema.open_store(f"sqlite:///{tmp_path}/new.db")
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(subscriber)) == 0
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer"):
        schema.open_store(str(engine.url))


def test_a_file_that_is_not_a_database_is_reported_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notifier.db"
    file.write_text("this is not a database, but a long text in the file that should be one" * 20)
    with pytest.raises(StoreError, match="not a SQLite database"):
        schema.open_store(f"sqlite:///{file}")


@pytest.mark.sqlite
def test_a_full_database_is_reported_in_one_sentence_and_loses_nothing(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["The Title of a Paper", "Another Paper of Ours"])
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full"):
        ingest(engine, SEEDS[0], None, MONDAY)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    with reading(engine) as connection:
        assert len(all_papers(connection)) == 2
    assert ingest(engine, SEEDS[0], None, MONDAY).new == 209


def test_an_instant_without_a_time_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="time zone"):
        Instant().process_bind_param(datetime(2026, 7, 6), engine.dialect)
