"""No field of the API makes the service send a request of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from support.api_site import PAPERS, SUBSCRIBERS, ApiClient, api_client
from support.service import add_subscriber
from support.web_site import ANN

from notifier.config import Config
from notifier.subscribers import SignUp


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a socket that waits for connections on the loopback address."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.setblocking(False)
        yield found


@pytest.fixture
def api(engine: Engine, config: Config) -> ApiClient:
    """Return a client; Ann is subscriber 1."""
    add_subscriber(engine, SignUp(ANN, ("models",), confirmed=True), settings=config)
    return api_client(engine, config)


def test_a_url_in_any_field_is_only_a_text(api: ApiClient, listener: socket.socket) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    title, abstract = "Bees in the City of Models", "We count the bees of a city, and find more than before."
    links = dict.fromkeys(("url", "pdf", "project", "code"), url)
    dump = json.dumps({"id": "2607.00001", "title": title, "abstract": abstract, "date": "2026-07-03", **links})
    assert api.post("/api/v1/dumps", content=dump, params={"name": url}).status_code == 201
    for values in ({"query": url}, {"query": f"like:{url}"}, {"query": f'source:"{url}"'}, {"after": url}):
        api.get(PAPERS, params=values)
    api.get(f"{PAPERS}/{url}"), api.get(f"{PAPERS}/2607.00001"), api.get(f"{PAPERS}/2607.00001/similar")
    for field in ("email", "name", "timezone", "hour", "queries", "topics"):
        value = [url] if field in ("queries", "topics") else url
        api.post(SUBSCRIBERS, json={"email": f"a@{url}", "confirmed": True, field: value})
        api("PATCH", f"{SUBSCRIBERS}/1", json={field: value})
    api.post(f"{SUBSCRIBERS}/1/subscriptions", json={"query": f'"{url}"', "name": url})
    api("PUT", f"{SUBSCRIBERS}/1/votes/{url}")
    with pytest.raises(BlockingIOError):
        listener.accept()
