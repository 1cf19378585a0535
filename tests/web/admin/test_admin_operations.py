"""The pages of the quarantine, the sources and the tokens, each change with its entry in the log."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import Engine
from support.admin_site import admin_config, logged_entries, send, serve_to_admin
from support.fetched_sources import json_lines
from support.service import page_text, wait_until
from support.visitors import parsed, shown
from support.web_site import AT_EIGHT

from notifier.config import Config
from notifier.files import DumpsFolder
from notifier.models import Scope
from notifier.operations import find_token, list_tokens
from notifier.pipeline import ingest_folder, list_quarantined, settings_for
from notifier.store import dumps, reading, writing

SOURCES = '[sources.lines]\nfolder = "arriving"\n[sources.gone]\nfolder = "nowhere"\n'


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "arriving").mkdir()
    return admin_config(tmp_path, more=SOURCES)


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    with serve_to_admin(engine, config) as client:
        yield client


def long_ago(file: Path, content: bytes) -> None:
    """Write a file that is not new, so that the rest of it is not waited for."""
    file.write_bytes(content)
    os.utime(file, (AT_EIGHT.timestamp(), AT_EIGHT.timestamp()))


def quarantined(engine: Engine, config: Config) -> Path:
    """Quarantine a file of the dumps folder, and return its path."""
    dump = config.path(config.ingest.folder) / "papers.json"
    dump.parent.mkdir(parents=True)
    long_ago(dump, b"no papers at all")
    ingest_folder(engine, DumpsFolder(dump.parent), [dump], AT_EIGHT, settings_for(engine, config))
    (record,) = list_quarantined(engine)
    return Path(record.path)


def papers_stored(engine: Engine) -> int:
    with reading(engine) as connection:
        return dumps.count_papers(connection)


def test_a_quarantined_dump_is_read_again_when_it_is_mended(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    path = quarantined(engine, config)
    assert str(path) in shown(client.get("/admin/quarantine"))
    still = send(client, "quarantine/retry", path=str(path))
    assert still.status_code == 409
    assert 'role="alert"' in still.text
    path.write_text(page_text(["A Third Paper about Graphs"]), encoding="utf-8")
    answer = send(client, "quarantine/retry", path=str(path))
    page = client.get(answer.headers["location"])
    assert "The dump was read" in shown(page)
    assert "No dump is quarantined." in shown(page)
    assert papers_stored(engine) == 3
    newest, first = logged_entries(engine)
    assert (newest.action, newest.subject) == ("retry", str(path))
    assert newest.outcome.startswith("ingested: 1 papers, 1 of them new")
    assert first.outcome.startswith("quarantined: ")


def test_the_beginning_of_a_quarantined_dump_is_shown_as_text(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    path = quarantined(engine, config)
    address = f"/admin/quarantine/dump?path={quote(str(path))}"
    content = b'[{"title": "<script>alert(1)</script>\x1b[31m"}]' + b"x" * 5000
    path.write_bytes(content)
    page = client.get(address)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd[31m" in page.text
    assert f"{len(content):,} bytes" in shown(page)
    assert parsed(page).xpath("string(//dd[last()])") == "JSON lines"
    assert "The beginning of its text" in shown(page)
    assert "x" * 1900 in page.text
    assert "x" * 2000 not in page.text
    path.write_bytes(b"%PDF-1.7")
    assert "this is a PDF, not a text" in shown(client.get(address))
    secret = path.with_name("secret")
    secret.write_text("secret words", encoding="utf-8")
    path.unlink()
    path.symlink_to(secret)
    for answer in (client.get(address), client.get(f"/admin/quarantine/dump?path={quote(str(secret))}")):
        assert answer.status_code in (404, 409)
        assert "secret words" not in answer.text
    path.unlink()
    os.mkfifo(path)
    assert "is not a regular file" in shown(client.get(address))
    assert logged_entries(engine) == []


def test_a_quarantined_dump_is_dropped(engine: Engine, config: Config, client: httpx.Client) -> None:
    path = quarantined(engine, config)
    answer = send(client, "quarantine/drop", path=str(path))
    assert "off the list" in shown(client.get(answer.headers["location"]))
    assert not path.exists()
    assert [(each.action, each.outcome) for each in logged_entries(engine)] == [("drop", "deleted")]


def test_no_other_file_is_read_or_deleted(engine: Engine, config: Config, client: httpx.Client) -> None:
    path = quarantined(engine, config)
    other, secret = path.with_name("other.txt"), config.base / "secret.key"
    other.write_text("x", encoding="utf-8")
    for wrong in (str(secret), "../../secret.key", str(other), other.name, "", "\0", "/etc/passwd", "9" * 9999):
        for action in ("retry", "drop"):
            assert send(client, f"quarantine/{action}", path=wrong).status_code == 404, wrong
    assert secret.exists()
    assert other.exists()
    assert logged_entries(engine) == []


def test_a_record_of_a_file_elsewhere_is_dropped_and_the_file_stays(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    elsewhere = config.base / "mine.txt"
    elsewhere.write_text("x", encoding="utf-8")
    with writing(engine) as connection:
        dumps.quarantine(connection, str(elsewhere), "0" * 64, "no papers", AT_EIGHT)
    send(client, "quarantine/drop", path=str(elsewhere))
    assert elsewhere.exists()
    assert list_quarantined(engine) == []


def test_a_source_is_fetched_in_the_background_and_the_log_says_how_it_ended(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    long_ago(config.base / "arriving" / "papers.jsonl", json_lines("How Bees Fly", "How Ants Walk"))
    assert "not fetched yet" in shown(client.get("/admin/sources"))
    answer = send(client, "sources/fetch", name="lines")
    assert "is being fetched" in shown(client.get(answer.headers["location"]))
    wait_until(lambda: bool(logged_entries(engine)) and bool(logged_entries(engine)[0].outcome))
    (entry,) = logged_entries(engine)
    assert (entry.action, entry.subject) == ("fetch", "source lines")
    assert "2 papers, 2 of them new" in entry.outcome
    assert papers_stored(engine) == 4
    wait_until(lambda: send(client, "sources/fetch", name="gone").status_code == 303)
    wait_until(lambda: len(logged_entries(engine)) == 2 and bool(logged_entries(engine)[0].outcome))
    assert logged_entries(engine)[0].outcome.startswith("failed")


def test_a_source_that_the_config_does_not_name_is_not_found(engine: Engine, client: httpx.Client) -> None:
    for wrong in ("", "other", "../lines", "\0", "<b>"):
        assert send(client, "sources/fetch", name=wrong).status_code == 404
    assert logged_entries(engine) == []


def test_the_secret_of_a_new_token_is_shown_once_and_a_revoked_token_is_none(
    engine: Engine, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    created = client.post(
        "/admin/tokens",
        data={"name": "the <bot>", "scope": ["read:papers", "read:status"]},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    (secret,) = re.findall(r"notifier_[\w-]{43}", created.text)
    found = find_token(engine, secret, AT_EIGHT)
    assert found is not None
    assert (found.name, found.scopes) == ("the <bot>", (Scope.READ_PAPERS, Scope.READ_STATUS))
    for path in ("/admin/tokens", "/admin/log"):
        page = client.get(path)
        assert secret not in page.text
        assert "the <bot>" in shown(page)
    assert secret not in caplog.text
    assert created.headers["cache-control"] == "no-store"
    answer = send(client, f"tokens/{found.id}/revoke")
    assert "There are no tokens." in shown(client.get(answer.headers["location"]))
    assert find_token(engine, secret, AT_EIGHT) is None
    log = [(each.action, each.subject, each.outcome) for each in logged_entries(engine)]
    assert log == [("revoke", "token 1", "done"), ("create", "a token", "token 1")]


def test_a_token_that_cannot_be_is_refused(engine: Engine, client: httpx.Client) -> None:
    for fields in ({}, {"scope": "write:everything"}, {"scope": "read:papers", "name": "x" * 101}):
        answer = send(client, "tokens", **fields)
        assert answer.status_code == 409
        assert parsed(answer).xpath("//p[@role='alert']")
    assert list_tokens(engine) == []
    assert logged_entries(engine) == []


def test_a_token_that_does_not_exist_is_not_found(client: httpx.Client) -> None:
    for wrong in ("1", "0", "x", "9" * 30, "%00"):
        assert send(client, f"tokens/{wrong}/revoke").status_code == 404
