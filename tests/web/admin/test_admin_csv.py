"""Subscribers are imported from an uploaded CSV file, with a report, and exported into one."""

from __future__ import annotations

import csv
import io

import httpx
import pytest
from sqlalchemy import Engine
from support.admin_site import BOB, OWN, logged_entries, send
from support.visitors import shown
from support.web_site import FORM

from notifier.models import SubscriberState
from notifier.store import reading, subscribers
from notifier.web.uploads import MAX_UPLOAD, Upload

ROWS = 'email,state,query\r\nzoë@bücher.example,ACTIVE,graph\r\nnobody,,x\r\ndan@example.org,,"a ""b"" c"\r\n'


def upload(client: httpx.Client, content: bytes, **fields: str) -> httpx.Response:
    files = {"file": ("subscribers.csv", content, "text/csv")}
    return client.post("/admin/subscribers/import", files=files, data=fields, headers=OWN)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_imported_and_its_wrong_rows_are_listed(engine: Engine, client: httpx.Client, coding: str) -> None:
    page = upload(client, ROWS.encode(coding))
    assert page.status_code == 200
    assert "2 rows imported: 2 new subscribers, 2 new subscriptions, 0 reinstated, 1 refused." in shown(page)
    assert "nobody" in shown(page)
    with reading(engine) as connection:
        zoe, dan = (subscribers.find(connection, each) for each in ("zoë@bücher.example", "dan@example.org"))
    assert zoe is not None
    assert dan is not None
    assert (zoe.state, dan.state) == (SubscriberState.ACTIVE, SubscriberState.PENDING)
    assert dan.subscriptions[0].query == 'a "b" c'
    (entry,) = logged_entries(engine)
    assert (entry.action, entry.subject) == ("import", "a CSV file")
    assert "2 rows imported" in entry.outcome
    assert "@" not in entry.details + entry.outcome


def test_a_file_that_is_no_list_is_refused(engine: Engine, client: httpx.Client) -> None:
    for content in (b"", b"\0\1\2", b"name,age\nx,3\n", b"<html>", b"\xff" * 99):
        answer = upload(client, content)
        assert answer.status_code == 409
        assert 'role="alert"' in answer.text
    assert logged_entries(engine) == []


def test_hostile_uploads_change_nothing(engine: Engine, client: httpx.Client) -> None:
    path, boundary = "/admin/subscribers/import", {**OWN, "Content-Type": "multipart/form-data; boundary=x"}
    assert client.post(path, content=b"file=x", headers={**OWN, **FORM}).status_code == 415
    assert client.post(path, content=b"x" * (MAX_UPLOAD + 1), headers=boundary).status_code == 413
    nameless = b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"
    nested = b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n" + b'Content-Disposition: form-data; name="file"'
    for body in (b"", b"--x--", b"--x\r\n\r\n", b"\0" * 99, nameless, nested + b"\r\n\r\n--y--\r\n--x--"):
        assert client.post(path, content=body, headers=boundary).status_code == 409, body
    assert client.post(path, content=b"a", headers={**OWN, "Content-Type": "multipart/form-data"}).status_code == 409
    assert logged_entries(engine) == []


CONTENTS = (b"a\r\nb\r\n", b"a\rb\n", b"\n\n", b"", bytes(range(256)), "\u2028\u0085x\r\n".encode("utf-16"))


@pytest.mark.parametrize("content", CONTENTS)
def test_the_bytes_of_a_file_arrive_as_they_are(content: bytes) -> None:
    request = httpx.Request("POST", "http://x/", files={"file": ("f", content)}, data={"reinstate": "1"})
    fields = Upload(request.headers["content-type"], request.read()).fields()
    assert fields == {"file": content, "reinstate": b"1"}


def test_all_subscribers_are_exported_and_this_is_logged(engine: Engine, client: httpx.Client) -> None:
    answer = send(client, "subscribers/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "subscribers.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["email"] for row in rows] == ["ann@example.org", BOB, "cleo@example.org"]
    assert [(each.action, each.outcome) for each in logged_entries(engine)] == [("export", "3 subscribers")]
    again = upload(client, answer.content)
    assert "3 rows imported: 0 new subscribers" in shown(again)
