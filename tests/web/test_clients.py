"""Whose address counts for the limits: that of the client, also behind proxies that the config names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request

from notifier.config import Config, WebConfig, load
from notifier.errors import ConfigError
from notifier.web.clients import client_address


def address(peer: str, forwarded: list[str], trusted: tuple[str, ...]) -> str | None:
    site = SimpleNamespace(config=Config(web=WebConfig(trusted_proxies=trusted)))
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    scope = {"type": "http", "headers": headers, "client": (peer, 1) if peer else None}
    return client_address(cast(Any, site), Request(scope))


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.9", [], (), "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], (), "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1"], ("127.0.0.1",), "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], ("127.0.0.1",), "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1"], ("127.0.0.1",), "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, 10.0.0.7"], ("127.0.0.1", "10.0.0.0/8"), "198.51.100.1"),
        ("127.0.0.1", ["10.0.0.7"], ("127.0.0.1", "10.0.0.0/8"), "10.0.0.7"),
        ("127.0.0.1", ["nonsense"], ("127.0.0.1",), "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, nonsense"], ("127.0.0.1",), "127.0.0.1"),
        ("127.0.0.1", [], ("127.0.0.1",), "127.0.0.1"),
        ("::1", ["2001:db8::7"], ("::1",), "2001:db8::7"),
        ("::ffff:127.0.0.1", ["[2001:db8::7]"], ("127.0.0.1",), "2001:db8::7"),
        ("", ["198.51.100.1"], ("127.0.0.1",), None),
        ("203.0.113.9", ["127.0.0.1"], ("127.0.0.1",), "203.0.113.9"),
    ],
)
def test_the_header_counts_only_as_far_as_trusted_proxies_wrote_it(
    peer: str, forwarded: list[str], trusted: tuple[str, ...], expected: str | None
) -> None:
    assert address(peer, forwarded, trusted) == expected


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('trusted_proxies = ["proxy.example.org"]', "web.trusted_proxies"),
        ('trusted_proxies = ["10.0.0.1/8"]', "web.trusted_proxies"),
        ('embed = ["group.example.org"]', "web.embed"),
        ('embed = ["https://group.example.org/page"]', "web.embed"),
        ('embed = ["https://a.example; script-src *"]', "web.embed"),
    ],
)
def test_a_wrong_value_is_explained(tmp_path: Path, line: str, key: str) -> None:
    config_file = tmp_path / "config.toml"
    config_file.write_text(f"[web]\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=key):
        load(config_file)


@pytest.mark.parametrize(
    ("url", "is_clear"),
    [
        ("http://papers.example.org", True),
        ("http://10.0.0.7:8000/papers", True),
        ("http://localhost.example.org", True),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:8000/papers", False),
        ("http://[::1]:8000", False),
        ("https://papers.example.org", False),
        ("", False),
    ],
)
def test_a_base_url_without_encryption_beyond_this_machine_is_known(url: str, is_clear: bool) -> None:
    assert WebConfig(base_url=url).is_clear_text is is_clear
