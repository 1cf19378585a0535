"""The README is true: its commands run, in order, as they are printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.paths import CHECKOUT
from support.service import clean_environment

from notifier import sources

BLOCKS = re.findall(
    r"^```sh\n(.*?)^```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
FORMATS = re.findall(
    r"^```python\n(.*?FORMAT = .*?)^```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
MAKE_TARGETS = re.findall(r"^    make (\w+)", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "seeds", tmp_path / "seeds")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    command = bin_folder / "notifier"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m notifier "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = clean_environment()
    environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
    assert len(BLOCKS) >= 4
    for block in BLOCKS:
        run = subprocess.run(
            ["sh", "-eu", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, block + run.stderr


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test", "check"} <= set(MAKE_TARGETS)
    assert [target for target in MAKE_TARGETS if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_the_dump_format_that_the_readme_shows_reads_its_dumps(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = FORMATS
    module: dict[str, Any] = {}
    exec(code, module)
    monkeypatch.setattr(sources, "FORMATS", (module["FORMAT"], *sources.FORMATS))
    dump = sources.parse_dump(b"A Paper on Bees\tHow they fly.\n\tNo title.\nAnother One\tAnd its text.\n")
    assert dump.format == "tabbed lines"
    assert [(each.title, each.abstract) for each in dump.listings] == [
        ("A Paper on Bees", "How they fly."),
        ("Another One", "And its text."),
    ]
    assert [(each.where, each.reason) for each in dump.skipped] == [("line 2", "it has no title")]
