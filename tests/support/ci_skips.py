"""A pytest plugin that makes a skipped test fail in CI, unless a committed list allows the skip.

Without this plugin, CI would pass on a machine that lacks what a test needs, although the test did not run.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from support.paths import CHECKOUT

# Each line allows one skip: a test's id or the beginning of one, a colon, a space, and the reason.
ALLOWED_SKIPS = CHECKOUT / ".ci" / "allowed-skips"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CI") and not _is_allowed(report.nodeid):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}. In CI a skip fails unless {ALLOWED_SKIPS.name} lists the test."


def _is_allowed(nodeid: str) -> bool:
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    return any(nodeid.startswith(line.split(": ")[0]) for line in lines if line and not line.startswith("#"))
