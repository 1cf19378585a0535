"""The script with which `make` sets up an environment.

It runs with any Python from 3.11 on, uses the pip settings of the user, and leaves no incomplete environment behind.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import environment
import pytest
from support.paths import CHECKOUT

SET_UP = CHECKOUT / "scripts" / "environment"


@pytest.fixture(autouse=True)
def without_user_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the pip and uv settings of whoever runs the tests."""
    for name in os.environ:
        if name.startswith(("PIP_", "UV_", "SSL_", "ALL_PROXY", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def set_up(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script to make an environment in `folder`, with these environment variables."""
    command = [str(SET_UP), str(folder), str(CHECKOUT / "requirements.lock")]
    return subprocess.run(
        command, env={**os.environ, **variables}, cwd=folder.parent, capture_output=True, text=True, check=False
    )


def test_without_python_311_or_later_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)
    done = set_up(tmp_path / "env", PATH=str(tmp_path), PYTHON="python3")
    assert done.returncode == 1
    assert done.stderr.startswith("notifier needs Python 3.11 or later and found none: install one")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_if_every_installer_fails_one_sentence_says_so_and_nothing_is_left(tmp_path: Path) -> None:
    done = set_up(tmp_path / "env", PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert done.returncode == 1
    assert done.stderr.endswith(", and run make again.\n")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "env").exists()


def test_an_environment_is_made_again_for_another_lock_or_folder_or_if_it_is_incomplete(tmp_path: Path) -> None:
    made, other = tmp_path / "made", tmp_path / "other"
    for folder in (made, other):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(sys.executable)
    made_from = environment.fingerprint(made, b"a lock")
    assert not environment.is_made(made, made_from)
    for folder in (made, other):
        (folder / environment.STAMP).write_text(made_from, encoding="utf-8")
    assert environment.is_made(made, made_from)
    assert not environment.is_made(made, environment.fingerprint(made, b"another lock"))
    assert not environment.is_made(other, environment.fingerprint(other, b"a lock"))


def test_an_environment_whose_python_is_missing_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "an old python")
    (tmp_path / environment.STAMP).write_text("stamp", encoding="utf-8")
    assert not environment.is_made(tmp_path, "stamp")


def test_uv_gets_the_pip_settings_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text(
        "[global]\nindex_url = https://a.example/all\ncert = /a.pem\n[install]\nfind-links =\n  /b\n  /c\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PIP_CERT", "/b.pem")
    monkeypatch.setenv("PIP_NO_INDEX", "true")
    installer = environment.uv_installer(tmp_path / "env")
    assert installer.variables == {
        "UV_INDEX_URL": "https://a.example/all",
        "UV_FIND_LINKS": "/b,/c",
        "SSL_CERT_FILE": "/b.pem",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert installer.install[-1] == "--no-index"


def test_uv_settings_of_the_user_are_not_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://a.example/uv")
    monkeypatch.setenv("PIP_INDEX_URL", "https://a.example/pip")
    assert "UV_INDEX_URL" not in environment.uv_installer(tmp_path).variables


def test_uv_ignores_pips_config_files_if_pip_ignores_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip" / "pip.conf").write_text("[global]\nindex_url = https://a.example/all\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert "UV_INDEX_URL" not in environment.uv_installer(tmp_path).variables


def test_the_build_tools_are_read_from_the_lock() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    tools = [line.split("==")[0] for line in environment.build_tools(lock).splitlines() if "==" in line]
    assert tools == ["packaging", "setuptools", "wheel"]
