"""A quick run says what it left out, a full run leaves out nothing, and a test named on the command line runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import CHECKOUT

pytestmark = pytest.mark.slow  # each test starts pytest again

TESTS = {
    "tests/test_fast.py": """
import pytest
from hypothesis import given, settings, strategies as st
from support.thoroughness import examples

tried = []

@settings(max_examples=examples(50), database=None)
@given(st.integers())
def test_a_property(number):
    tried.append(number)

def test_how_many_examples_were_tried():
    print("tried", len(tried))

@pytest.mark.slow
def test_a_slow_one():
    pass
""",
    "tests/journeys/test_long.py": "def test_a_journey():\n    pass\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with two fast tests, a slow one and a journey."""
    for name, text in TESTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "tests" / "support").mkdir()
    shutil.copy(CHECKOUT / "tests" / "support" / "thoroughness.py", tmp_path / "tests" / "support")
    (tmp_path / "tests" / "conftest.py").write_text('pytest_plugins = ["support.thoroughness"]', encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = tests\ntestpaths = tests\nmarkers = slow\n", encoding="utf-8"
    )
    return tmp_path


def run(project: Path, *arguments: str, **environment: str) -> str:
    """Run pytest in the project, and return what it prints."""
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NOTIFIER_TESTS"}}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-s", "-q", *arguments]
    return subprocess.run(
        command, cwd=project, env=kept | environment, capture_output=True, text=True, check=False
    ).stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_quick_run_says_what_it_left_out_and_tries_fewer_examples(project: Path, workers: str) -> None:
    said = run(project, "-n", workers)
    assert "2 passed" in said
    assert (
        "left for `make check`: 2 slow tests and journeys; hypothesis ran 10 examples a property instead of 100" in said
    )
    assert workers != "0" or "tried 5\n" in said


@pytest.mark.parametrize("variable", [{"NOTIFIER_TESTS": "full"}, {"CI": "true"}])
def test_a_full_run_leaves_out_nothing(project: Path, variable: dict[str, str]) -> None:
    said = run(project, **variable)
    assert "4 passed" in said
    assert "tried 50\n" in said
    assert "make check" not in said


@pytest.mark.parametrize(("argument", "tests"), [("tests/test_fast.py::test_a_slow_one", 1), ("tests/journeys", 1)])
def test_a_slow_test_that_the_command_line_names_runs(project: Path, argument: str, tests: int) -> None:
    assert f"{tests} passed" in run(project, argument)
