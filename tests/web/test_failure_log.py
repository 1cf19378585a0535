"""The log lines about requests that failed because of the database."""

from __future__ import annotations

import logging

import pytest

from notifier.web.failure_log import DatabaseFailureLog


def test_a_thousand_failed_requests_make_one_line_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    failures = DatabaseFailureLog()
    with caplog.at_level(logging.ERROR):
        for second in range(90):
            now[0] = 1000.0 + second
            for _ in range(10):
                failures.add("database is locked")
    assert [record.getMessage() for record in caplog.records] == [
        "the database does not answer, 1 request failed: database is locked",
        "the database does not answer, 600 requests failed: database is locked",
    ]
