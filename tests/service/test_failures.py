"""No failure ends the service: each is logged once an hour, and the loop that failed is started again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine
from support.web_site import serve_pages, write_config

from notifier.config import Config
from notifier.errors import DiskFullError, StoreError
from notifier.service import running
from notifier.service.failures import FailureLog
from notifier.service.heartbeats import LONGEST_ROUND_SECONDS, Heartbeats
from notifier.service.jobs import Jobs
from notifier.service.tasks import Task
from notifier.store import connect, open_store, reading
from notifier.store.engine import fresh_reads, writing

NOW = datetime(2026, 7, 6, 8, tzinfo=UTC)


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Engine]:
    """Open a store all of whose connections are in use."""
    url = f"sqlite:///{tmp_path}/busy.db"
    open_store(url).dispose()
    engine = connect(url, pool_seconds=0.05)
    with ExitStack() as stack:
        for _ in range(15):
            stack.enter_context(engine.connect())
        yield engine
    engine.dispose()


def jobs_of(engine: Engine, config: Config) -> Jobs:
    return Jobs(engine, config, lambda: NOW, lambda _loop: None)


@pytest.mark.parametrize("open_transaction", [reading, writing, fresh_reads])
def test_a_store_without_a_free_connection_is_an_error_with_a_cure(
    busy: Engine, open_transaction: Callable[[Engine], AbstractContextManager[object]]
) -> None:
    with pytest.raises(StoreError, match=r"connections are in use.*try again"), open_transaction(busy):
        pass


def test_the_status_line_says_that_no_connection_is_free(busy: Engine, tmp_path: Path) -> None:
    assert "connections are in use" in jobs_of(busy, write_config(tmp_path)).summary()


def test_an_unexpected_error_in_the_status_line_is_logged_once(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken_clock() -> datetime:
        raise OverflowError("date value out of range")

    jobs = Jobs(engine, write_config(tmp_path), broken_clock, lambda _loop: None)
    assert {jobs.summary() for _ in range(3)} == {"date value out of range"}
    assert caplog.messages == ["an unexpected error: OverflowError('date value out of range')"]


def test_pages_that_wait_for_the_store_take_no_connection_of_the_jobs(
    engine: Engine, busy: Engine, tmp_path: Path
) -> None:
    config = write_config(tmp_path)
    with serve_pages(busy, config) as client:
        assert client.get("/healthz").status_code == 503
        assert jobs_of(engine, config).summary().startswith("0 papers")


def test_a_loop_that_makes_no_round_for_long_turns_healthz_to_503(engine: Engine, tmp_path: Path) -> None:
    now = 0.0
    heartbeats = Heartbeats(("planning digests", "sending mail"), lambda: now)
    with serve_pages(engine, write_config(tmp_path), heartbeats.late_loops) as client:
        now = LONGEST_ROUND_SECONDS
        heartbeats.beat("sending mail")
        assert client.get("/healthz").status_code == 200
        now += 1
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "stuck", "loops": "planning digests"})
        heartbeats.beat("planning digests")
        assert client.get("/healthz").status_code == 200


def test_a_fault_of_the_main_loop_stops_the_tasks_and_ends_the_process(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "WATCHDOG_SECONDS", 0.05)
    monkeypatch.setattr(running, "_end", lambda: None)  # else its timer would end the process of the tests later
    jobs = jobs_of(engine, write_config(tmp_path))
    stopped = Event()

    def run(_config: Config, stopping: Event) -> None:
        stopping.wait()
        stopped.set()

    def check_clock() -> None:
        raise OSError("a fault that nobody expects")

    with pytest.raises(OSError, match="nobody expects"):
        asyncio.run(running._keep_running(Config, jobs, [Task("a task", run)], check_clock))
    assert stopped.is_set()


def test_an_unchanged_failure_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    failures = FailureLog()
    failures.log_recovery("sending mail")
    for _ in range(3):
        failures.log_failure("sending mail", DiskFullError("the disk is full"))
    failures.log_failure("sending mail", DiskFullError("the disk is very full"))
    failures.log_failure("sending mail", ValueError("7"))
    failures.log_failure("sending mail", ValueError("7"))
    for _ in range(2):
        failures.log_recovery("sending mail")
    failures.log_failure("sending mail", DiskFullError("the disk is full"))
    assert caplog.messages == [
        "the disk is full",
        "the disk is very full",
        "an unexpected error: ValueError('7')",
        "sending mail works again",
        "the disk is full",
    ]
