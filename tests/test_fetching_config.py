"""The table [fetching]: what is wrong with it is said in words, and what requests need is worked out."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.config import Config, FetchingConfig, load
from notifier.errors import ConfigError


def loaded(folder: Path, text: str) -> Config:
    """Return the config of a file with this text."""
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('contact = "see (here)"', "fetching.contact: write a URL or an email address in ASCII"),
        ('contact = "bücher@example.org"', "fetching.contact: write a URL or an email address in ASCII"),
        ('contact = "a\\r\\nX: y"', "fetching.contact: write a URL or an email address in ASCII"),
        ('proxy = "socks5://hunter2@proxy"', "fetching.proxy: write it like http://proxy.example.org:3128"),
        ('proxy = "proxy:3128"', "fetching.proxy: write it like http://proxy.example.org:3128"),
        ('proxy = "http://ann:hunter2@proxy:3128/path"', "fetching.proxy: write it like http://proxy.example.org:3128"),
        ('proxy = "http://proxy:99999"', "fetching.proxy: write it like http://proxy.example.org:3128"),
        ('allow_http = ["http://a.example"]', "fetching.allow_http: write only host names or IP addresses"),
        ('allow_private = ["a.example:8443"]', "fetching.allow_private: write only host names or IP addresses"),
        ('allow_private = ["*"]', "fetching.allow_private: write only host names or IP addresses"),
        ('allow_private = ["10.0.0.0/8"]', "fetching.allow_private: write only host names or IP addresses"),
        ("seconds = 0", "fetching.seconds: "),
        ("file_mb = 0", "fetching.file_mb: "),
        ("folder = 5", "fetching.folder: write the path of a file or a folder"),
        ('proxi = "x"', "fetching.proxi is not a key that notifier knows; did you mean proxy?"),
        ("keep_days = 3", "fetching.keep_days is now [keep] fetched; write it there"),
    ],
)
def test_a_wrong_value_is_refused_in_words(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f"[fetching]\n{line}\n")
    assert message in str(caught.value) and "hunter2" not in str(caught.value)


def test_hosts_are_compared_in_one_form() -> None:
    written = ("Papers.Example.ORG.", "Bücher.example", "[0:0:0:0:0:0:0:1]", "192.0.2.1")
    assert FetchingConfig(allow_http=written).allow_http == (
        "papers.example.org",
        "xn--bcher-kva.example",
        "::1",
        "192.0.2.1",
    )


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("", ""),  # nobody elsewhere can write to papers@localhost
        ('[mail]\nsender = "Papers <papers@example.org>"', "papers@example.org"),
        (
            '[mail]\nsender = "papers@example.org"\n[web]\nbase_url = "https://papers.example.org"',
            "https://papers.example.org",
        ),
        ('[web]\nbase_url = "https://papers.example.org"\n[fetching]\ncontact = "ann@example.org"', "ann@example.org"),
    ],
)
def test_requests_name_a_contact(tmp_path: Path, text: str, contact: str) -> None:
    assert loaded(tmp_path, text).fetching_settings.contact == contact


def test_paths_are_relative_to_the_config(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[fetching]\nca_file = "web.pem"\n').fetching_settings
    assert (settings.ca_file, settings.folder) == (tmp_path / "web.pem", tmp_path / "var" / "fetched")


def test_the_password_of_the_proxy_is_not_shown(tmp_path: Path) -> None:
    config = loaded(tmp_path, '[fetching]\nproxy = "http://ann:hunter2@proxy.example.org:3128"\n')
    assert config.holds_password and "hunter2" not in repr(config)
    assert not Config().holds_password


def test_fetched_documents_are_not_kept_among_the_dumps(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this folder also holds the fetched documents"):
        loaded(tmp_path, '[fetching]\nfolder = "var/dumps/fetched"\n')
