"""The set-up behind `make`: any Python from 3.11 on, the user's own pip settings, and nothing half made."""

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
def settings_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("PIP_", "UV_", "SSL_", "ALL_PROXY", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def set_up(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [str(SET_UP), str(folder), str(CHECKOUT / "requirements.lock")]
    return subprocess.run(
        command, env={**os.environ, **variables}, cwd=folder.parent, capture_output=True, text=True, check=False
    )


def test_without_a_new_python_one_sentence_names_the_cure(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)
    done = set_up(tmp_path / "env", PATH=str(tmp_path), PYTHON="python3")
    assert done.returncode == 1
    assert done.stderr.startswith("notifier needs Python 3.11 or later and found none: install one")
    assert done.stderr.count("\n") == 1


def test_where_no_way_works_one_sentence_says_so_and_nothing_is_left(tmp_path: Path) -> None:
    done = set_up(tmp_path / "env", PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert done.returncode == 1
    assert done.stderr.endswith(", and run make again.\n")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "env").exists()


def test_an_environment_is_made_anew_for_another_lock_or_place_or_when_it_was_left_half_made(tmp_path: Path) -> None:
    made, elsewhere = tmp_path / "made", tmp_path / "elsewhere"
    for folder in (made, elsewhere):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(sys.executable)
    made_from = environment.fingerprint(made, b"a lock")
    assert not environment.is_made(made, made_from)
    for folder in (made, elsewhere):
        (folder / environment.STAMP).write_text(made_from, encoding="utf-8")
    assert environment.is_made(made, made_from)
    assert not environment.is_made(made, environment.fingerprint(made, b"another lock"))
    assert not environment.is_made(elsewhere, environment.fingerprint(elsewhere, b"a lock"))


def test_an_environment_whose_python_is_gone_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "an old python")
    (tmp_path / environment.STAMP).write_text("stamp", encoding="utf-8")
    assert not environment.is_made(tmp_path, "stamp")


def test_uv_is_told_what_the_user_told_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text(
        "[global]\nindex_url = https://a.example/all\ncert = /a.pem\n[install]\nfind-links =\n  /b\n  /c\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PIP_CERT", "/b.pem")
    monkeypatch.setenv("PIP_NO_INDEX", "true")
    way = environment.uv(tmp_path / "env")
    assert way.variables == {
        "UV_INDEX_URL": "https://a.example/all",
        "UV_FIND_LINKS": "/b,/c",
        "SSL_CERT_FILE": "/b.pem",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert way.install[-1] == "--no-index"


def test_what_the_user_told_uv_itself_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://a.example/uv")
    monkeypatch.setenv("PIP_INDEX_URL", "https://a.example/pip")
    assert "UV_INDEX_URL" not in environment.uv(tmp_path).variables


def test_pip_without_config_files_has_none_for_uv_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip" / "pip.conf").write_text("[global]\nindex_url = https://a.example/all\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert "UV_INDEX_URL" not in environment.uv(tmp_path).variables


def test_the_build_tools_are_read_out_of_the_lock() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    tools = [line.split("==")[0] for line in environment.build_tools(lock).splitlines() if "==" in line]
    assert tools == ["packaging", "setuptools", "wheel"]
