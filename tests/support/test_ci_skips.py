"""A skipped test is a failure in CI, unless the committed list excuses it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import CHECKOUT

TESTS = {
    "test_one.py": "import pytest\ndef test_a():\n    pytest.skip('no server')\n",
    "test_whole.py": "import pytest\npytest.skip('no data', allow_module_level=True)\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "support").mkdir(parents=True)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "allowed-skips").write_text("# a comment\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name in ("ci_skips.py", "paths.py"):
        shutil.copy(CHECKOUT / "tests" / "support" / name, tmp_path / "tests" / "support")
    (tmp_path / "tests" / "conftest.py").write_text('pytest_plugins = ["support.ci_skips"]', encoding="utf-8")
    for name, text in TESTS.items():
        (tmp_path / "tests" / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, ci: str, monkeypatch: pytest.MonkeyPatch) -> subprocess.CompletedProcess[str]:
    monkeypatch.setenv("CI", ci)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", "tests"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_a_skip_fails_in_ci_and_says_why(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(project, "true", monkeypatch)
    assert "1 failed, 1 error" in done.stdout
    assert "no server" in done.stdout
    assert "no data" in done.stdout


def test_a_skip_that_the_list_excuses_does_not_fail(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    excused = "tests/test_one.py::test_a: needs a server\ntests/test_whole.py: needs data\n"
    (project / ".ci" / "allowed-skips").write_text(excused, encoding="utf-8")
    assert "2 skipped" in run(project, "true", monkeypatch).stdout


def test_a_skip_does_not_fail_elsewhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "2 skipped" in run(project, "", monkeypatch).stdout
