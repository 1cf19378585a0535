"""Rules for every test."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from notifier.store.schema import open_store

ALLOWED_SKIPS = Path(__file__).resolve().parent.parent / ".ci" / "allowed-skips"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_a_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_a_skip(report)
    return report


def _fail_a_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI a skipped test is a failure, unless the committed list excuses it: silence is not success."""
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CI") and not _is_excused(report.nodeid):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = (
            f"{report.nodeid}: {reason}. In CI a skip is a failure: {ALLOWED_SKIPS.name} does not excuse it."
        )


def _is_excused(nodeid: str) -> bool:
    """Whether a line of the list, `FILE, FILE::TEST or their beginning: reason`, names this test."""
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    return any(nodeid.startswith(line.split(": ")[0]) for line in lines if line and not line.startswith("#"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A store of its own for each test: a SQLite file, as shipped."""
    opened = open_store(f"sqlite:///{tmp_path}/store/notifier.db")
    yield opened
    opened.dispose()
