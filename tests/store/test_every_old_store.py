"""A database of every older version is upgraded without losing a row, and the program works on the result."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from support.old_stores import REVISIONS, Row, Rows, make_old_store, rows_of
from support.planned_papers import digests_of
from support.service import MONDAY, clean_environment, ingest_page, run_notifier
from support.stores import new_store

from notifier.config import Config
from notifier.errors import StoreError
from notifier.models import DeliveryState
from notifier.operations import service_status
from notifier.pipeline.delivering import deliver
from notifier.pipeline.planning import plan
from notifier.store import schema
from notifier.store.engine import connect, reading, writing

# What a migration changes on purpose: the key of an address, refusals without their replies, and the tags of papers.
CHANGED = {("relay", "policy_refusals"), ("paper", "tagged_by")}

OldStore = Callable[[str, str], tuple[str, Rows]]


@pytest.fixture
def old_store(request: pytest.FixtureRequest, tmp_path: Path) -> OldStore:
    """Return a function that makes a database by its dialect and revision, and returns its URL and rows."""

    def make(dialect: str, revision: str) -> tuple[str, Rows]:
        engine = connect(f"sqlite:///{tmp_path}/old.db") if dialect == "sqlite" else emptied(request)
        with writing(engine) as connection:
            rows = make_old_store(connection, revision)
        engine.dispose()
        return engine.url.render_as_string(hide_password=False), rows

    return make


def emptied(request: pytest.FixtureRequest) -> Engine:
    """Return a new database of PostgreSQL without tables."""
    engine: Engine = request.getfixturevalue("postgres_store")
    with writing(engine) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return engine


def kept(rows: Rows, columns: Rows) -> Rows:
    """Return the rows with only the columns that both have and that no migration changes on purpose."""
    return {
        table: [
            {name: value for name, value in row.items() if is_kept(table, name, columns[table][0])} for row in found
        ]
        for table, found in rows.items()
        if table in columns
    }


def is_kept(table: str, column: str, other: Row) -> bool:
    return column in other and (table, column) not in CHANGED


# Every revision in SQLite; in PostgreSQL those after which most has changed, because each takes longer there.
MADE_BY = [
    *(("sqlite", each) for each in REVISIONS),
    *(("postgresql", each) for each in ("0001", "0008", "0016", "0022")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("dialect", "revision"), MADE_BY)
def test_no_row_is_lost_and_the_program_works_on_the_result(
    dialect: str, revision: str, old_store: OldStore, tmp_path: Path
) -> None:
    url, before = old_store(dialect, revision)
    engine = schema.open_store(url)
    with reading(engine) as connection:
        after = rows_of(connection)
    assert before.keys() <= after.keys()
    assert kept(before, after) == kept({table: after[table] for table in before}, before)
    check_that_it_works(engine, tmp_path)
    engine.dispose()


def check_that_it_works(engine: Engine, folder: Path) -> None:
    """Deliver a digest that has a new paper and the one of a mail that waited since before the upgrade."""
    config = Config().located_in(folder)
    ingest_page(engine, folder, ["A Paper of Monday"])
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM hidden_paper"))  # the sample rows hide the paper of the mail that waited
    at = MONDAY.replace(hour=8)
    plan(engine, config, at)
    period, titles = digests_of(engine, "reader1@example.org")[-1]
    assert period == "2026-07-06"
    assert {"A Paper of Monday", "title 1 of paper"} <= set(titles)
    assert deliver(engine, config, lambda: at).states[DeliveryState.ACCEPTED] == 1
    assert service_status(engine, config, at).subscribers["ACTIVE"] == 1


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.parametrize("revision", [REVISIONS[0], REVISIONS[-2]])
def test_an_upgrade_that_was_killed_is_done_again(revision: str, tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/var/notifier.db")
    with writing(engine) as connection:
        before = make_old_store(connection, revision)
    engine.dispose()
    killed = subprocess.run([sys.executable, "-c", DIE, str(engine.url)], env=clean_environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert schema.store_version(engine) == revision
    engine.dispose()
    said = [run_notifier("db", "upgrade", cwd=tmp_path).stdout for _ in range(2)]
    assert f"is upgraded from schema {revision} to {schema.HEAD}" in said[0]
    assert f"is up to date, schema {schema.HEAD}" in said[1]
    with reading(engine) as connection:
        assert len(rows_of(connection)["subscriber"]) == len(before["subscriber"])
    engine.dispose()


# The process dies when the last migration has run, before the upgrade is committed.
DIE = """
import os, signal, sys
from alembic import command
from notifier.store import schema
upgrade = command.upgrade
def upgrade_and_die(*arguments):
    upgrade(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
command.upgrade = upgrade_and_die
schema.open_store(sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.sqlite
def test_several_upgrades_at_once_are_one(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/var/notifier.db")
    with writing(engine) as connection:
        make_old_store(connection, "0016")
    engine.dispose()
    command = [sys.executable, "-m", "notifier", "db", "upgrade"]
    runs = [subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE) for _ in range(4)]
    said = [run.communicate()[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs)
    assert all(f"schema {schema.HEAD}" in each or f"to {schema.HEAD}" in each for each in said)


NEWER = "9001"
VERBS = ["db upgrade", "db restored", "once", "serve", "status"]


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_a_database_of_a_newer_version_is_refused_in_words_and_not_changed(verb: str, tmp_path: Path) -> None:
    engine = new_store(tmp_path / "var/notifier.db")
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :newer"), {"newer": NEWER})
    run = run_notifier(*verb.split(), cwd=tmp_path)
    assert run.returncode == 1
    assert f"a newer notifier made this database (schema {NEWER}, and this one knows {schema.HEAD})" in run.stderr
    assert "install that version, or restore the backup" in run.stderr
    assert schema.store_version(engine) == NEWER
    engine.dispose()


def test_a_newer_database_of_postgresql_is_refused_too(postgres_store: Engine) -> None:
    with writing(postgres_store) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :newer"), {"newer": NEWER})
    with pytest.raises(StoreError, match="a newer notifier made this database"):
        schema.open_store(postgres_store.url.render_as_string(hide_password=False))


def test_the_version_names_the_schema(tmp_path: Path) -> None:
    assert run_notifier("--version", cwd=tmp_path).stdout.strip().endswith(f"database schema {schema.HEAD}")
