"""Sessions: how a link in a mail opens one, what its cookie is like, and how it ends."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.service import add_subscriber
from support.visitors import TYPED, as_visitor, link_path, mails_soon, session_token, shown
from support.web_site import (
    ANN,
    AT_EIGHT,
    deliver_and_read_mails,
    deliver_first_mail,
    serve_pages,
    unsubscribe_path,
    write_config,
)

from notifier.config import Config
from notifier.subscribers import SignUp, pause, unsubscribe


def sign_in_path(engine: Engine, client: httpx.Client, config: Config) -> str:
    client.post("/sign-in", data={"email": ANN})
    return link_path(mails_soon(engine, config)[-1], "/sign-in/")


@pytest.mark.parametrize(
    ("base_url", "name", "path"),
    [
        ("https://papers.example.org", "__Host-session", "/"),
        ("https://example.org/papers", "__Secure-session", "/papers"),
        ("http://127.0.0.1:8000", "session", "/"),
    ],
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    engine: Engine, tmp_path: Path, base_url: str, name: str, path: str
) -> None:
    config = write_config(tmp_path, base_url=base_url)
    add_subscriber(engine, SignUp(ANN, ("graph",), confirmed=True), settings=config)
    with serve_pages(engine, config) as client:
        # A proxy takes the path of the base URL away.
        link = sign_in_path_of(engine, client, config).removeprefix(path.rstrip("/"))
        answer = client.post(link)
    cookie = SimpleCookie(answer.headers["set-cookie"])[name]
    assert (cookie["path"], bool(cookie["secure"]), bool(cookie["httponly"])) == (
        path,
        base_url.startswith("https"),
        True,
    )
    assert (cookie["samesite"].lower(), cookie["domain"], cookie["max-age"]) == ("lax", "", str(30 * 24 * 3600))


def sign_in_path_of(engine: Engine, client: httpx.Client, config: Config) -> str:
    client.post("/sign-in", data={"email": ANN})
    root = config.web.base_url.partition("://")[2].partition("/")[2]
    return link_path(mails_soon(engine, config)[-1], f"/{root}/sign-in/".replace("//", "/"))


def test_a_link_to_sign_in_works_once(engine: Engine, client: httpx.Client, config: Config) -> None:
    add_subscriber(engine, SignUp(ANN, ("graph",), confirmed=True), settings=config)
    path = sign_in_path(engine, client, config)
    assert "a…@example.org" in shown(client.get(path))
    answer = client.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/manage")
    for used in (client.get(path), client.post(path)):
        assert (used.status_code, "set-cookie" in used.headers) == (410, False)


def test_the_manage_link_of_a_digest_opens_a_session_again_and_again(
    engine: Engine, client: httpx.Client, config: Config
) -> None:
    path = link_path(deliver_first_mail(engine, config, "quantization"), "/manage/")
    assert "set-cookie" not in client.get(path).headers
    for _ in range(2):
        assert "__Host-session=" in client.post(path).headers["set-cookie"]


def test_an_address_without_a_subscriber_gets_no_mail(engine: Engine, client: httpx.Client, config: Config) -> None:
    assert client.post("/sign-in", data={"email": "nobody@example.org"}).status_code == 200
    assert deliver_and_read_mails(engine, config) == []


def test_signing_out_ends_this_session_and_signing_out_everywhere_ends_all(
    engine: Engine, client: httpx.Client, config: Config
) -> None:
    add_subscriber(engine, SignUp(ANN, ("graph",), confirmed=True), settings=config)
    first, second, third = (session_token(engine) for _ in range(3))
    as_visitor(client, first)
    assert "Max-Age=0" in client.post("/sign-out").headers["set-cookie"]
    assert client.get("/manage").status_code == 303
    as_visitor(client, second)
    assert client.get("/manage").status_code == 200
    client.post("/sign-out", data={"everywhere": "1"})
    for token in (second, third):
        as_visitor(client, token)
        assert client.get("/manage").status_code == 303


def test_signing_out_everywhere_ends_the_links_of_old_mails_and_says_so(
    engine: Engine, client: httpx.Client, config: Config
) -> None:
    mail = deliver_first_mail(engine, config, "quantization")
    as_visitor(client, session_token(engine))
    assert "also ends the links" in shown(client.get("/manage"))
    said = shown(client.post("/sign-out", data={"everywhere": "1"}))
    assert "no longer work" in said and "links to unsubscribe still do" in said
    path = link_path(mail, "/manage/")
    for answer in (client.get(path), client.post(path)):
        assert (answer.status_code, "set-cookie" in answer.headers) == (410, False)
    assert client.get(unsubscribe_path(mail)).status_code == 200


def test_somebody_who_gets_no_digests_does_not_read_that_they_go_on(engine: Engine, client: httpx.Client) -> None:
    add_subscriber(engine, SignUp(ANN, ("graph",), confirmed=True))

    def said() -> str:
        as_visitor(client, session_token(engine))
        return shown(client.post("/sign-out"))

    assert "Your digests go on." in said()
    pause(engine, ANN, None, AT_EIGHT)
    assert "Your digests stay paused." in said()
    unsubscribe(engine, ANN, AT_EIGHT)
    assert "You get no digests." in said() and "a digest" not in said()


def test_a_confirmed_sign_up_is_signed_in(engine: Engine, client: httpx.Client, config: Config) -> None:
    client.post("/subscribe", data=TYPED)
    answer = client.post(link_path(mails_soon(engine, config)[0], "/confirm/"))
    cookie = SimpleCookie(answer.headers["set-cookie"])["__Host-session"]
    as_visitor(client, cookie.value)
    assert ANN in shown(client.get("/manage"))
