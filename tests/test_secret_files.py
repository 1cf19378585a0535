"""Secrets of the config in files of their own, as systemd credentials and Docker secrets are."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.config import load
from notifier.errors import ConfigError
from notifier.operations import exposed_secrets

CONFIG = """
[store]
url_file = "database.url"
[smtp]
username = "papers"
password_file = "secrets/smtp"
[fetching]
proxy_file = "proxy"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a config that names three files, and the files."""
    (tmp_path / "secrets").mkdir()
    for name, secret in (
        ("database.url", "postgresql+psycopg://ann:s3cret@db.example.org/papers\n"),
        ("secrets/smtp", "  a pass phrase \r\n"),
        ("proxy", "http://ann:s3cret@proxy.example.org:3128"),
    ):
        (tmp_path / name).write_bytes(secret.encode())
        (tmp_path / name).chmod(0o640)
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "config.toml"


def test_each_secret_may_be_in_a_file(file: Path) -> None:
    config = load(file)
    assert config.store.url == "postgresql+psycopg://ann:s3cret@db.example.org/papers"
    assert config.smtp.password.get_secret_value() == "a pass phrase"
    assert config.fetching.proxy.get_secret_value() == "http://ann:s3cret@proxy.example.org:3128"
    assert "s3cret" not in config.store_name


def test_a_variable_can_name_the_file(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").write_text("another", encoding="utf-8")
    monkeypatch.setenv("NOTIFIER_SMTP__PASSWORD_FILE", str(tmp_path / "other"))
    assert load(file).smtp.password.get_secret_value() == "another"


def test_a_config_whose_secrets_are_in_files_may_be_read_by_all_but_not_the_files(file: Path, tmp_path: Path) -> None:
    file.chmod(0o644)
    assert exposed_secrets(load(file), file) == []
    (tmp_path / "secrets/smtp").chmod(0o644)
    (warning,) = exposed_secrets(load(file), file)
    assert f"the password of the relay in {tmp_path}/secrets/smtp; run chmod 640 on it" in warning


def test_an_empty_file_holds_no_secret(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets/smtp").write_bytes(b"\n")
    assert load(file).smtp.password.get_secret_value() == ""
    monkeypatch.setenv("NOTIFIER_SMTP__PASSWORD", "hunter2")
    assert load(file).smtp.password.get_secret_value() == "hunter2"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one\ntwo", "more than one line"),
        (b"\xff\xfe", "no UTF-8 text"),
        (b"x" * 70_000, "more than one line"),
        (None, "cannot read"),
    ],
)
def test_a_file_that_holds_no_secret_is_named(content: bytes | None, expected: str, file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secrets/smtp"
    secret.unlink()
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(ConfigError, match=f"smtp.password_file: .*{expected}"):
        load(file)


def test_a_secret_that_is_given_twice_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_SMTP__PASSWORD", "hunter2")
    with pytest.raises(ConfigError, match="given twice, also by password_file") as failure:
        load(file)
    assert "hunter2" not in str(failure.value)


def test_a_wrong_value_in_a_file_is_explained_without_the_secret(file: Path, tmp_path: Path) -> None:
    (tmp_path / "database.url").write_text("mysql://ann:s3cret@db/papers", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"store\.url") as failure:
        load(file)
    assert "s3cret" not in str(failure.value)
