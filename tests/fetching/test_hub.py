"""A WebSub hub is told which feeds have changed, and a hub that fails stops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import feedparser
import pytest
from sqlalchemy import Engine
from support.https_service import AUTHORITY, Answer, https_service
from support.service import free_ports, ingest_page
from support.web_site import AT_EIGHT, BASE_URL, write_config

from notifier.config import Config, FetchingConfig
from notifier.errors import FetchError
from notifier.fetching import tell_hub
from notifier.pipeline import publish

FEEDS = ["https://papers.example.org/feeds/all.atom", "https://papers.example.org/feeds/a.rss?q=a&b"]


@contextmanager
def hub_that_answers(status: int, headers: tuple[tuple[str, str], ...] = ()) -> Iterator[tuple[str, list[bytes]]]:
    """Run a hub on loopback, and yield its URL and the bodies of the requests that it gets."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for header in headers:
                self.send_header(*header)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hub", bodies
        finally:
            server.shutdown()
            thread.join()


def config_with(folder: Path, hub: str) -> Config:
    config = write_config(folder)
    changed = config.model_copy(update={"feeds": config.feeds.model_copy(update={"hub": hub})})
    changed._base = config.base
    return changed


def test_all_urls_are_in_one_request() -> None:
    with hub_that_answers(204) as (url, bodies):
        tell_hub(url, FEEDS)
    assert [parse_qs(body.decode()) for body in bodies] == [{"hub.mode": ["publish"], "hub.url": FEEDS}]


@pytest.mark.parametrize(("status", "headers"), [(500, ()), (404, ()), (302, (("Location", "http://127.0.0.1:1/"),))])
def test_a_hub_that_refuses_is_an_error_with_its_answer(status: int, headers: tuple[tuple[str, str], ...]) -> None:
    with hub_that_answers(status, headers) as (url, bodies), pytest.raises(FetchError, match=f"answered {status}"):
        tell_hub(url, FEEDS)
    assert len(bodies) == 1


def test_a_hub_that_is_not_there_is_an_error() -> None:
    (port,) = free_ports(1)
    with pytest.raises(FetchError, match="check \\[feeds\\] hub"):
        tell_hub(f"http://127.0.0.1:{port}/", FEEDS)


def test_a_hub_is_told_over_tls_with_a_contact_and_without_secrets_in_the_error() -> None:
    settings = FetchingConfig(ca_file=AUTHORITY, contact="ann@example.org")
    with https_service({"/hub": Answer(status=204)}) as service:
        tell_hub(service.url("/hub"), FEEDS, settings)
        with pytest.raises(FetchError) as caught:
            tell_hub(service.url("/other?token=hunter2"), FEEDS, settings)
        with pytest.raises(FetchError, match=r"signed by an unknown authority; check \[feeds\] hub"):
            tell_hub(service.url("/hub"), FEEDS)
    assert "answered 404" in str(caught.value) and "hunter2" not in str(caught.value)
    assert "(+ann@example.org)" in service.requests[0].headers["user-agent"]


def test_publishing_tells_the_hub_which_feeds_have_changed(engine: Engine, tmp_path: Path) -> None:
    with hub_that_answers(202) as (url, bodies):
        config = config_with(tmp_path, url)
        ingest_page(engine, tmp_path, ["Quantization of Large Models"], now=AT_EIGHT)
        assert publish(engine, config).faults == ()
        assert publish(engine, config).written == 0
        ingest_page(engine, tmp_path, ["A Plain Paper"], now=AT_EIGHT)
        publish(engine, config)
    first, second = (parse_qs(body.decode())["hub.url"] for body in bodies)
    assert f"{BASE_URL}/feeds/quantization.json" in first
    assert f"{BASE_URL}/feeds/all.atom" in second and f"{BASE_URL}/feeds/quantization.json" not in second
    folder = config.path(config.feeds.folder)
    assert not [each for each in first if not (folder / each.rpartition("/")[2]).is_file()]
    for name in ("all.atom", "all.rss"):
        links = feedparser.parse((folder / name).read_bytes()).feed.links
        assert [link.href for link in links if link.rel == "hub"] == [url]


def test_a_hub_that_fails_does_not_stop_publishing(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["Quantization of Large Models"], now=AT_EIGHT)
    with hub_that_answers(503) as (url, _):
        report = publish(engine, config_with(tmp_path, url))
    assert report.written > 0 and report.failed == 0
    assert len(report.faults) == 1 and "answered 503" in report.faults[0]
