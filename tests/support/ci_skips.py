"""In CI a skipped test is a failure, unless the committed list excuses it: silence is not success."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from support.paths import CHECKOUT

# One excuse a line: a test's id or its beginning, a colon, a space, and why.
ALLOWED_SKIPS = CHECKOUT / ".ci" / "allowed-skips"


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
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CI") and not _is_excused(report.nodeid):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}. In CI a skip fails: {ALLOWED_SKIPS.name} does not excuse it."


def _is_excused(nodeid: str) -> bool:
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    return any(nodeid.startswith(line.split(": ")[0]) for line in lines if line and not line.startswith("#"))
