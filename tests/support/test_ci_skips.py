"""A skipped test fails in CI, unless the committed list allows the skip."""

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
    """Make a project with one skipped test and one skipped module."""
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


def run_tests(project: Path, ci: str, monkeypatch: pytest.MonkeyPatch) -> subprocess.CompletedProcess[str]:
    monkeypatch.setenv("CI", ci)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", "tests"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_skip_fails_in_ci_with_its_reason(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run_tests(project, "true", monkeypatch)
    assert "1 failed, 1 error" in done.stdout
    assert "no server" in done.stdout
    assert "no data" in done.stdout


@pytest.mark.slow
def test_a_skip_that_the_list_allows_does_not_fail(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = "tests/test_one.py::test_a: needs a server\ntests/test_whole.py: needs data\n"
    (project / ".ci" / "allowed-skips").write_text(allowed, encoding="utf-8")
    assert "2 skipped" in run_tests(project, "true", monkeypatch).stdout


@pytest.mark.slow
def test_a_skip_does_not_fail_outside_ci(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "2 skipped" in run_tests(project, "", monkeypatch).stdout
