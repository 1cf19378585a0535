"""Planning by several processes at once on PostgreSQL: they share the ranges of subscribers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from support.service import MONDAY, ingest_page, wait_until

from notifier.config import Config
from notifier.pipeline import PlanReport, plan
from notifier.queries import canonical, parse
from notifier.store import connect, reading, writing
from notifier.store.advisory_locks import claimed
from notifier.store.subscribers import RANGE
from notifier.store.subscriptions import NewSubscription
from notifier.store.tables import delivery
from notifier.subscribers import CheckedSignUp, sign_up_all

CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
RANGES = 3
BEES = NewSubscription("bees", canonical(parse("bees")))
PEOPLE = RANGES * RANGE - 1  # ids begin with 1
MIDDLE = range(RANGE, 2 * RANGE)


@pytest.fixture
def many_subscribers(postgres_store: Engine, tmp_path: Path) -> Engine:
    """Return a store with one new paper and with subscribers in three ranges, who are all due at AT_EIGHT."""
    ingest_page(postgres_store, tmp_path, ["A Paper about Bees in Spring"])
    people = [CheckedSignUp(f"person{number}@example.org", (BEES,), confirmed=True) for number in range(PEOPLE)]
    with writing(postgres_store) as connection:
        sign_up_all(connection, people, CONFIG.digest, MONDAY)
    return postgres_store


@pytest.fixture
def other(many_subscribers: Engine) -> Iterator[Engine]:
    """Open the same store as another process does."""
    engine = connect(many_subscribers.url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def planned(engine: Engine, ids: range) -> int:
    """Return how many of these subscribers have a digest."""
    row = delivery.c
    counted = select(func.count()).where(row.subscriber_id >= ids.start, row.subscriber_id < ids.stop)
    with reading(engine) as connection:
        return connection.scalar(counted) or 0


def test_a_range_that_another_process_plans_is_left_to_it(many_subscribers: Engine, other: Engine) -> None:
    with ThreadPoolExecutor() as pool:
        with claimed(other, MIDDLE) as is_claimed:
            assert is_claimed
            report: Future[PlanReport] = pool.submit(plan, many_subscribers, CONFIG, AT_EIGHT)
            wait_until(lambda: planned(other, range(2 * RANGE, 3 * RANGE)) == RANGE)
            assert planned(other, range(RANGE)) == RANGE - 1
            assert planned(other, MIDDLE) == 0
            assert not report.done()
        assert report.result(timeout=60) == PlanReport(due=PEOPLE, digests=PEOPLE)
    assert planned(other, MIDDLE) == RANGE


def test_a_range_can_be_claimed_once_at_a_time(many_subscribers: Engine, other: Engine) -> None:
    with claimed(many_subscribers, MIDDLE) as first, claimed(other, MIDDLE) as second:
        assert (first, second) == (True, False)
    with claimed(other, MIDDLE) as later:
        assert later


def test_two_processes_plan_each_subscriber_once(many_subscribers: Engine, other: Engine) -> None:
    with ThreadPoolExecutor() as pool:
        first, second = [pool.submit(plan, engine, CONFIG, AT_EIGHT) for engine in (many_subscribers, other)]
        reports = [first.result(timeout=60), second.result(timeout=60)]
    assert sum(report.due for report in reports) == PEOPLE
    assert planned(other, range(RANGES * RANGE)) == PEOPLE
    assert all(report.due for report in reports), "both processes did a part of the work"
