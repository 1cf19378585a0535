"""With a path in the base URL, the pages work whether or not the proxy removes this path."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html
from sqlalchemy import Engine
from support.web_site import deliver_first_mail, labels_of_ann, serve_pages, unsubscribe_path, write_config

from notifier.models import SubscriberState
from notifier.store import reading, subscribers

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
