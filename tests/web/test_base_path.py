"""With a path in the base URL, the pages work whether or not the proxy removes this path."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from lxml import html
from sqlalchemy import Engine
from support.visitors import session_token
from support.web_site import (
    AT_EIGHT,
    deliver_first_mail,
    labels_of_ann,
    serve_pages,
    stored_ann,
    unsubscribe_path,
    urls_in,
    write_config,
)

from notifier.models import SubscriberState
from notifier.pipeline import publish
from notifier.store import reading, subscribers
from notifier.subscribers import renew_private_feed
from notifier.web.sessions import SECURE_NAME

ROOTS = ["/papers", "/reading/papers", "/unsubscribe", "/healthz"]


@pytest.mark.parametrize("removes_path", [False, True])
@pytest.mark.parametrize("root", ROOTS)
def test_a_subscriber_unsubscribes_through_a_proxy(
    engine: Engine, tmp_path: Path, root: str, removes_path: bool
) -> None:
    config = write_config(tmp_path, base_url=f"https://example.org{root}/")
    path = unsubscribe_path(deliver_first_mail(engine, config, "quantization"))
    assert path.startswith(f"{root}/unsubscribe/")
    removed = root if removes_path else ""
    with serve_pages(engine, config) as client:
        page = client.get(path.removeprefix(removed))
        assert page.status_code == 200
        (stylesheet,) = html.document_fromstring(page.text).xpath("//link[@rel='stylesheet']/@href")
        assert stylesheet == f"{root}/style.css"
        assert client.get(stylesheet.removeprefix(removed)).headers["content-type"].startswith("text/css")
        assert client.get(f"{root}/healthz".removeprefix(removed)).status_code == 200
        assert client.post(path.removeprefix(removed), headers={"Origin": "https://example.org"}).status_code == 200
        assert client.get("/elsewhere/style.css").status_code == 404
    with reading(engine) as connection:
        ann = subscribers.find(connection, "ann@example.org")
    assert ann is not None
    assert ann.state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("root", ["/papers", "/reading/papers"])
def test_the_path_of_the_base_url_without_its_slash_leads_to_the_first_page(
    engine: Engine, tmp_path: Path, root: str
) -> None:
    with serve_pages(engine, write_config(tmp_path, base_url=f"https://example.org{root}")) as client:
        for method in ("GET", "HEAD"):
            answer = client.request(method, root)
            assert (answer.status_code, answer.headers["location"]) == (308, f"{root}/")
        assert client.get(f"{root}/").status_code == 200
        assert client.get(f"{root}x").status_code == 404


def test_options_names_every_method_of_a_page(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    path = unsubscribe_path(deliver_first_mail(engine, config, "quantization"))
    with serve_pages(engine, config) as client:
        for url, allowed in ((path, "GET, HEAD, POST, OPTIONS"), ("/healthz", "GET, HEAD, OPTIONS")):
            assert client.options(url).status_code == 204
            assert client.options(url).headers["allow"] == allowed
            assert client.put(url).status_code == 405
            assert client.put(url).headers["allow"] == allowed
        assert client.options("/nowhere").status_code == 404
    assert labels_of_ann(engine) == ["quantization"]


@pytest.mark.slow
@pytest.mark.parametrize("removes_path", [False, True])
def test_every_link_of_the_pages_the_feeds_and_a_mail_can_be_followed_through_a_proxy(
    engine: Engine, tmp_path: Path, removes_path: bool
) -> None:
    root, origin = "/reading/papers", "https://example.org"
    config = write_config(tmp_path, base_url=origin + root)
    mail = deliver_first_mail(engine, config, "quantization")
    publish(engine, config)
    renew_private_feed(engine, stored_ann(engine).id, AT_EIGHT)
    with serve_pages(engine, config) as client:
        client.cookies.set(SECURE_NAME, session_token(engine))

        def fetched(path: str) -> httpx.Response:
            assert path.startswith(root + "/"), path
            return client.get(path.removeprefix(root) if removes_path else path)

        waiting = [url.removeprefix(origin) for url in urls_in(mail) if url.startswith(origin)]
        waiting += [f"{root}{path}" for path in ("/", "/subscribe", "/manage", "/manage/feeds", "/feeds.opml")]
        seen = set(waiting)
        while waiting:
            answer = fetched(path := waiting.pop())
            assert answer.status_code in (200, 303), path
            for found in links_of(answer, origin) - seen:
                waiting.append(found)
                seen.add(found)
        assert {f"{root}/{name}" for name in ("feeds/all.atom", "manage/data.json", "style.css", "digests/1")} <= seen
        assert len(seen) > 150
        client.cookies.clear()
        assert fetched(f"{root}/manage").headers["location"] == f"{root}/sign-in"


def links_of(answer: httpx.Response, origin: str) -> set[str]:
    """Return the paths of this service to which a page or feed leads: links, files that it loads, and a redirect."""
    if "location" in answer.headers:
        return {answer.headers["location"].partition("#")[0]}
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/html":
        found = html.document_fromstring(answer.text).xpath("//@href | //@src")
    elif kind.endswith("xml"):
        found = re.findall(rf"{origin}[^\s<>\"]+", unescape(answer.text))
    else:
        found = []
    own = [url.removeprefix(origin).partition("#")[0] for url in found if url.startswith((origin, "/"))]
    return {url for url in own if url}
