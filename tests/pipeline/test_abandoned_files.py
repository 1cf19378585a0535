"""`once` and `serve` remove, when they start, what killed processes left in the folders of the config."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.killed_process import die_in
from support.service import clean_environment, free_ports, run_notifier, wait_until

from notifier.config import load

FOLDERS = ["var/feeds", "var/dumps", "var/done", "var/quarantine", "var/mail/tmp"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a config, in which a process was killed while it wrote into each folder of the config."""
    (tmp_path / "config.toml").write_text(f"[web]\nport = {free_ports(1)[0]}\n")
    die_in(tmp_path)
    (draft,) = tmp_path.glob(".*.notifier")
    for each in FOLDERS:
        (tmp_path / each).mkdir(parents=True)
        shutil.copy(draft, tmp_path / each)
    draft.unlink()
    (tmp_path / "owners").rename(load(tmp_path / "config.toml").owners_folder)
    assert len(leftovers(tmp_path)) == len(FOLDERS) + 1
    return tmp_path


def leftovers(folder: Path) -> list[Path]:
    return [*folder.rglob("*.notifier"), *load(folder / "config.toml").owners_folder.iterdir()]


def test_once_removes_what_a_killed_process_left(folder: Path) -> None:
    assert run_notifier("once", cwd=folder).returncode == 0
    assert leftovers(folder) == []


@pytest.mark.slow
def test_serve_removes_what_a_killed_process_left(folder: Path) -> None:
    left = set(leftovers(folder))
    command = [sys.executable, "-m", "notifier", "serve"]
    with subprocess.Popen(command, cwd=folder, env=clean_environment(), stderr=subprocess.DEVNULL) as service:
        wait_until(lambda: not left & set(leftovers(folder)))
        service.terminate()
