"""`/readyz` says whether the database answers and is of this version's schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient
from support.service import MONDAY
from support.web_site import write_config

from notifier.store.engine import connect, writing
from notifier.store.schema import HEAD
from notifier.web import make_app


def client_of(engine: Engine, folder: Path) -> TestClient:
    return TestClient(make_app(engine, write_config(folder), lambda: MONDAY))


def test_it_is_ready_while_the_database_answers(engine: Engine, tmp_path: Path) -> None:
    answer = client_of(engine, tmp_path).get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")


@pytest.mark.parametrize(("version", "relation"), [("9999", "newer"), ("0001", "older")])
def test_it_is_not_ready_with_another_schema(engine: Engine, tmp_path: Path, version: str, relation: str) -> None:
    client = client_of(engine, tmp_path)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    answer = client.get("/readyz")
    assert answer.status_code == 503
    said = f"the database has schema {version}, which is {relation} than {HEAD}, the schema of this version"
    assert answer.text == f"Not ready: {said}.\n"


@pytest.mark.sqlite
def test_it_is_not_ready_without_the_database_and_does_not_say_where_that_is(engine: Engine, tmp_path: Path) -> None:
    client = client_of(engine, tmp_path)
    engine.dispose()
    (tmp_path / "store/notifier.db").write_bytes(b"no database at all" * 100)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "Not ready: the database does not answer.\n")


def test_it_is_not_ready_without_the_server(tmp_path: Path) -> None:
    url = "postgresql+psycopg://ann:open-sesame@127.0.0.1:1/papers"
    answer = client_of(connect(url), tmp_path).get("/readyz")
    assert (answer.status_code, answer.text) == (503, "Not ready: the database does not answer.\n")
