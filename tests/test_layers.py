"""The import contracts in pyproject.toml: they hold, and import-linter reports an import that breaks one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import CHECKOUT


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the project in `folder`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the package and its contracts into a folder that a test may change."""
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    shutil.copytree(CHECKOUT / "notifier", tmp_path / "notifier", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_imports_point_strictly_downward() -> None:
    done = lint(CHECKOUT)
    assert done.returncode == 0, done.stdout


def test_an_upward_import_breaks_the_contract(copy: Path) -> None:
    with (copy / "notifier" / "text" / "words.py").open("a", encoding="utf-8") as text:
        text.write("\nfrom notifier import pipeline\n")
    done = lint(copy)
    assert done.returncode == 1
    assert "notifier.text.words -> notifier.pipeline" in done.stdout


def test_evaluating_queries_outside_the_matching_engine_breaks_the_contract(copy: Path) -> None:
    with (copy / "notifier" / "pipeline" / "candidates.py").open("a", encoding="utf-8") as candidates:
        candidates.write("\nfrom notifier.queries.tree import And\n")
    done = lint(copy)
    assert done.returncode == 1
    assert "Only the matching engine evaluates queries BROKEN" in done.stdout


def test_a_module_that_the_contract_does_not_list_breaks_it(copy: Path) -> None:
    (copy / "notifier" / "attic.py").write_text("", encoding="utf-8")
    done = lint(copy)
    assert done.returncode == 1
    assert "- notifier.attic" in done.stdout
