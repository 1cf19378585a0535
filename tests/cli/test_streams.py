"""Every command works with any stdout: one in ASCII or Latin-1, one that is closed, and one on a full disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.service import clean_environment, run_notifier

TITLE = "Straße, α und 模型 for “bees” \U0001f41d"
VERBS = [
    ["ingest", "Größe 模.json"],
    ["trending"],
    ["subscribers"],
    ["digest", "ann@example.org"],
]


pytestmark = pytest.mark.sqlite  # all tests use a folder with its SQLite file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a paper and a subscriber whose names ASCII and Latin-1 cannot encode."""
    folder = tmp_path_factory.mktemp("streams")
    paper = {"title": TITLE, "abstract": "We follow bees.", "url": "https://arxiv.org/abs/2607.01234"}
    (folder / "Größe 模.json").write_text(json.dumps([paper]), encoding="utf-8")
    assert run_notifier("ingest", "Größe 模.json", cwd=folder).returncode == 0
    name = ("--query", "bees", "--name", "Bienen 蜜蜂 é")
    assert run_notifier("subscribe", "ann@example.org", *name, "--confirmed", cwd=folder).returncode == 0
    return folder


def run_in(folder: Path, encoding: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**clean_environment(), "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "notifier", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_characters_that_cannot_be_shown_are_replaced(folder: Path, encoding: str, verb: list[str]) -> None:
    run = run_in(folder, encoding, *verb)
    assert run.returncode == 0, run.stderr
    assert run.stdout.decode(encoding)
    assert b"bug" not in run.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "utf-16"])
def test_json_is_valid_and_whole_in_every_encoding(folder: Path, encoding: str) -> None:
    run = run_in(folder, encoding, "trending", "--json")
    assert json.loads(run.stdout.decode(encoding))[0]["title"] == TITLE


def test_a_closed_stdout_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m notifier topics >&-"
    run = subprocess.run(["sh", "-c", command], cwd=folder, env=clean_environment(), capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_to_a_full_disk_ends_with_a_message(folder: Path) -> None:
    command = [sys.executable, "-m", "notifier", "topics"]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            command, cwd=folder, env=clean_environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert run.returncode == 1
    assert run.stderr.startswith(f"notifier: cannot write the output: {os.strerror(28)}; make room")
