"""The README is true: its commands run, in order, as they are printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from service import ROOT, clean_environment

BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
MAKE_TARGETS = re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
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
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test", "check"} <= set(MAKE_TARGETS)
    assert [target for target in MAKE_TARGETS if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
