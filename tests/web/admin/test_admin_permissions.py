"""Every path of the administrators by every role: only administrators learn that these pages exist."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine
from support.admin_site import BOB, CLEO, OWN, logged_entries
from support.visitors import as_visitor, form_to, link_path, mails_soon, session_token
from support.web_site import ANN, AT_EIGHT, database_content

from notifier.config import Config
from notifier.subscribers import pause
from notifier.web import make_app

FORM = {"email": BOB, "path": "papers.txt", "name": "daily", "scope": "read:papers", "query": "words", "reply": "x"}


def admin_routes(engine: Engine, config: Config) -> Iterator[tuple[str, str]]:
    """Yield the methods and paths of the administrators, with the ids and slugs of what exists."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a route for GET and HEAD has one name for both
        paths = make_app(engine, config, lambda: AT_EIGHT).openapi()["paths"]
    for path, methods in paths.items():
        if path.startswith("/admin"):
            named = path.replace("{slug}", "quantization")
            yield from ((method.upper(), re.sub(r"\{\w+\}", "1", named)) for method in methods)


def content(engine: Engine) -> str:
    """Return the database without the rows of sessions, which say when each was used last."""
    return re.sub(r'^INSERT INTO "?session"?.*$\n', "", database_content(engine), flags=re.MULTILINE)


@pytest.mark.parametrize("role", ["visitor", "forged", "subscriber", "curator", "paused"])
def test_for_everybody_else_no_page_of_the_administrators_exists(
    engine: Engine, config: Config, client: httpx.Client, role: str
) -> None:
    client.cookies.clear()
    if role == "forged":
        as_visitor(client, "x" * 43)
    if role == "paused":
        as_visitor(client, session_token(engine))
        pause(engine, ANN, None, AT_EIGHT)
    if role in ("subscriber", "curator"):
        as_visitor(client, session_token(engine, BOB if role == "subscriber" else CLEO))
    missing = {method: client.request(method, "/nothing") for method in ("GET", "POST", "HEAD")}
    before = content(engine)
    for method, path in admin_routes(engine, config):
        answer = client.request(method, path, data=FORM if method == "POST" else None, headers=OWN)
        assert (answer.status_code, answer.content) == (404, missing[method].content), (method, path)
    assert content(engine) == before
    assert "/admin" not in client.get("/papers").text


def test_an_administrator_finds_every_page_and_looking_changes_nothing(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    before = content(engine)
    for method, path in admin_routes(engine, config):
        if method != "POST":
            answer = client.request(method, path)
            # Nothing was planned or quarantined yet.
            expected = {"/admin": 308, "/admin/deliveries/1": 404, "/admin/quarantine/dump": 404}
            assert answer.status_code == expected.get(path, 200), (method, path)
    assert content(engine) == before
    assert 'href="/admin/"' in client.get("/papers").text


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_form_of_another_site_changes_nothing(
    engine: Engine, config: Config, client: httpx.Client, headers: dict[str, str]
) -> None:
    before = content(engine)
    for method, path in admin_routes(engine, config):
        if method == "POST":
            assert client.post(path, data=FORM, headers=headers).status_code == 403, path
    assert content(engine) == before
    assert logged_entries(engine) == []


def test_the_link_in_a_digest_does_not_open_the_pages_of_administrators_and_one_that_was_asked_for_does(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    as_visitor(client, session_token(engine))
    before = content(engine)
    for method, path in admin_routes(engine, config):
        answer = client.request(method, path, data=FORM if method == "POST" else None, headers=OWN)
        assert answer.status_code == 403, (method, path)
    assert content(engine) == before
    page = client.get("/admin/")
    assert BOB not in page.text
    form = form_to(page, "/sign-in")
    client.post("/sign-in", data=dict(form.form_values()), headers=OWN)
    (mail,) = mails_soon(engine, config)
    client.cookies.clear()
    opened = client.post(link_path(mail, "/sign-in/"), headers=OWN)
    as_visitor(client, opened.headers["set-cookie"].partition("=")[2].partition(";")[0])
    assert client.get("/admin/").status_code == 200
