"""Checks of the settings that the pages need: a base URL for links, and a secret key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine
from support.web_site import AT_EIGHT, serve_pages, write_config

from notifier.config import WebConfig, secret_key
from notifier.errors import ConfigError
from notifier.sending.sender import sender_for
from notifier.web import make_app


@pytest.mark.parametrize(
    "base_url",
    [
        "https://papers.example.org",
        "https://papers.example.org:8443",
        "https://example.org/reading/papers",
        "http://localhost:8000",
        "http://[::1]:8000",
        "",
    ],
)
def test_a_valid_base_url_is_kept_without_its_final_slash(base_url: str) -> None:
    assert WebConfig(base_url=base_url).base_url == base_url
    if base_url:
        assert WebConfig(base_url=f"{base_url}/").base_url == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "papers.example.org",
        "ftp://papers.example.org",
        "https://",
        "https://user:pass@example.org",
        "https://example.org/?a=b",
        "https://example.org/#top",
        "https://example.org/a b",
        "https://example.org/a>,<mailto:all@example.org",
        "https://example.org\r\nBcc: all@example.org",
        "https://bücher.example",
        f"https://example.org/{'a' * 200}",
    ],
)
def test_an_unusable_base_url_is_refused_with_an_example(base_url: str) -> None:
    with pytest.raises(ValidationError, match=r"write it like https://papers\.example\.org"):
        WebConfig(base_url=base_url)


def test_a_missing_or_short_key_is_refused_with_the_command_that_makes_one(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    key = config.path(config.secret_file)
    for break_key in (lambda: key.write_text("\n" + "5" * 31 + "\n", encoding="utf-8"), key.unlink):
        break_key()
        for use in (
            lambda: secret_key(config),
            lambda: sender_for(engine, config, lambda: AT_EIGHT),
            lambda: make_app(engine, config, lambda: AT_EIGHT),
        ):
            with pytest.raises(ConfigError, match=r"the secret key .*secret\.key.*`notifier init` makes"):
                use()


def test_without_a_base_url_no_key_is_needed_and_links_are_not_found(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path, base_url="")
    config.path(config.secret_file).unlink()
    assert sender_for(engine, config, lambda: AT_EIGHT).composer.settings.link_signer is None
    with serve_pages(engine, config) as client:
        assert client.get("/healthz").status_code == 200
        assert client.post("/unsubscribe/M2pHNOHYsOEfVEclxb7Da_JYa17").status_code == 404
