"""The instant cadence: one digest for all dumps since the last digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from support.planned_papers import add_paper, digests_of, plan_and_accept, stored_subscriber, used_periods
from support.service import MONDAY, add_subscriber, ingest_page
from support.stores import open_again

from notifier.config import Config, DigestConfig
from notifier.models import Cadence
from notifier.pipeline.planning import PlanReport
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

ANN = "ann@example.org"
CONFIG = Config()
A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def ann(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store with one dump, and an instant subscriber to all papers who confirmed after it, on Monday at 6."""
    add_paper(engine, tmp_path, "A Paper from before Confirmation", MONDAY)
    add_subscriber(engine, SignUp(ANN, topics=("all",), cadence=Cadence.INSTANT, confirmed=True), now=MONDAY)
    return engine


def test_the_next_dump_makes_a_digest_without_earlier_papers(ann: Engine, tmp_path: Path) -> None:
    assert plan_and_accept(ann, CONFIG, MONDAY + A_MINUTE) == PlanReport()
    add_paper(ann, tmp_path, "A Paper of the Next Dump", MONDAY + A_MINUTE)
    assert plan_and_accept(ann, CONFIG, MONDAY + A_MINUTE) == PlanReport(due=1, digests=1)
    assert plan_and_accept(ann, CONFIG, MONDAY + A_DAY) == PlanReport()
    assert digests_of(ann, ANN) == [("dump:2", ["A Paper of the Next Dump"])]


def test_the_period_in_a_subject_says_that_the_papers_are_new(ann: Engine, tmp_path: Path) -> None:
    add_paper(ann, tmp_path, "A Paper of the Next Dump", MONDAY)
    plan_and_accept(ann, Config(digest=DigestConfig(subject="{period}: {papers}")), MONDAY)
    with reading(ann) as connection:
        assert connection.scalar(select(delivery.c.subject)) == "New papers of 6 Jul 2026: 1 new paper"


def test_several_dumps_make_one_digest_named_after_the_newest(ann: Engine, tmp_path: Path) -> None:
    for number in range(3):
        add_paper(ann, tmp_path, f"A Paper of Dump {number}", MONDAY + number * A_MINUTE)
    assert plan_and_accept(ann, CONFIG, MONDAY + A_DAY) == PlanReport(due=1, digests=1)
    assert digests_of(ann, ANN) == [("dump:4", ["A Paper of Dump 0", "A Paper of Dump 1", "A Paper of Dump 2"])]


def test_a_dump_with_nothing_new_marks_its_period_as_used_and_sends_nothing(ann: Engine, tmp_path: Path) -> None:
    ingest_page(
        ann, tmp_path, ["A Paper from before Confirmation"], abstracts=["The same paper in another dump, again."]
    )
    assert plan_and_accept(ann, CONFIG, MONDAY) == PlanReport(due=1, skipped=1)
    assert plan_and_accept(ann, CONFIG, MONDAY) == PlanReport()
    assert (used_periods(ann, ANN), digests_of(ann, ANN)) == (["dump:2"], [])


def test_a_dump_that_is_known_already_makes_no_digest(ann: Engine, tmp_path: Path) -> None:
    add_paper(ann, tmp_path, "A Paper from before Confirmation", MONDAY + A_DAY)
    assert plan_and_accept(ann, CONFIG, MONDAY + A_DAY) == PlanReport()


def test_a_clock_set_back_delays_nothing_and_repeats_nothing(ann: Engine, tmp_path: Path) -> None:
    add_paper(ann, tmp_path, "A Paper from the Future", MONDAY + A_DAY)
    assert plan_and_accept(ann, CONFIG, MONDAY - A_DAY) == PlanReport(due=1, digests=1)
    assert plan_and_accept(ann, CONFIG, MONDAY + A_DAY) == PlanReport()


def test_a_subscriber_who_is_not_active_gets_no_digest(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), cadence=Cadence.INSTANT))
    add_paper(engine, tmp_path, "A Paper of Some Dump", MONDAY)
    assert plan_and_accept(engine, CONFIG, MONDAY) == PlanReport()


def test_a_change_from_daily_to_instant_sends_the_waiting_papers_at_once_and_only_once(
    engine: Engine, tmp_path: Path
) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    add_paper(engine, tmp_path, "A Paper before the Digest", MONDAY)
    plan_and_accept(engine, CONFIG, MONDAY.replace(hour=8))
    add_subscriber(engine, SignUp(ANN, cadence=Cadence.INSTANT), now=MONDAY.replace(hour=9))
    assert plan_and_accept(engine, CONFIG, MONDAY.replace(hour=9)) == PlanReport()
    add_subscriber(engine, SignUp(ANN, cadence=Cadence.DAILY), now=MONDAY.replace(hour=10))
    add_paper(engine, tmp_path, "A Paper after the Digest", MONDAY.replace(hour=11))
    add_subscriber(engine, SignUp(ANN, cadence=Cadence.INSTANT), now=MONDAY.replace(hour=12))
    assert plan_and_accept(engine, CONFIG, MONDAY.replace(hour=12)) == PlanReport(due=1, digests=1)
    assert plan_and_accept(engine, CONFIG, MONDAY + A_DAY) == PlanReport()
    assert digests_of(engine, ANN) == [
        ("2026-07-06", ["A Paper before the Digest"]),
        ("dump:2", ["A Paper after the Digest"]),
    ]


def test_a_change_from_instant_to_daily_sends_newer_papers_at_the_next_daily_hour(ann: Engine, tmp_path: Path) -> None:
    add_paper(ann, tmp_path, "A Paper Sent at Once", MONDAY)
    plan_and_accept(ann, CONFIG, MONDAY)
    add_subscriber(ann, SignUp(ANN, cadence=Cadence.DAILY), now=MONDAY + A_MINUTE)
    assert stored_subscriber(ann, ANN).next_due == MONDAY.replace(hour=8)
    add_paper(ann, tmp_path, "A Paper Sent in the Morning", MONDAY + 2 * A_MINUTE)
    assert plan_and_accept(ann, CONFIG, MONDAY + 3 * A_MINUTE) == PlanReport()
    assert plan_and_accept(ann, CONFIG, MONDAY.replace(hour=8)) == PlanReport(due=1, digests=1)
    assert [titles for _, titles in digests_of(ann, ANN)] == [["A Paper Sent at Once"], ["A Paper Sent in the Morning"]]


@pytest.mark.parametrize("moment", range(1, 9))
def test_the_paper_of_a_dump_that_comes_at_any_moment_of_planning_is_sent_once(
    ann: Engine, tmp_path: Path, moment: int
) -> None:
    add_paper(ann, tmp_path, "A Paper of the First Dump", MONDAY)
    other = open_again(ann)
    with at_transaction(ann, moment, lambda: add_paper(other, tmp_path, "A Paper in Between", MONDAY)):
        plan_and_accept(ann, CONFIG, MONDAY)
    plan_and_accept(ann, CONFIG, MONDAY)
    titles = sorted(title for _, each in digests_of(ann, ANN) for title in each)
    assert titles == ["A Paper in Between", "A Paper of the First Dump"]
    other.dispose()


@pytest.mark.parametrize("moment", range(1, 9))
def test_a_subscriber_who_becomes_due_at_any_moment_of_planning_misses_nothing(
    ann: Engine, tmp_path: Path, moment: int
) -> None:
    bob = SignUp("bob@example.org", topics=("all",), cadence=Cadence.MONTHLY, confirmed=True)
    add_subscriber(ann, bob, now=MONDAY)
    plan_and_accept(ann, CONFIG, MONDAY)
    add_paper(ann, tmp_path, "A Paper of the First Dump", MONDAY)
    plan_and_accept(ann, CONFIG, MONDAY)
    add_paper(ann, tmp_path, "A Paper of the Second Dump", MONDAY)
    at_nine = MONDAY.replace(hour=9)
    other = open_again(ann)
    daily = SignUp("bob@example.org", cadence=Cadence.DAILY)
    with at_transaction(ann, moment, lambda: add_subscriber(other, daily, now=at_nine)):
        plan_and_accept(ann, CONFIG, at_nine)
    plan_and_accept(ann, CONFIG, at_nine)
    first = "A Paper from before Confirmation"
    ((_, titles),) = digests_of(ann, "bob@example.org")
    assert titles == [first, "A Paper of the First Dump", "A Paper of the Second Dump"]
    other.dispose()


@contextmanager
def at_transaction(engine: Engine, number: int, happens: Callable[[], Any]) -> Iterator[None]:
    """Call `happens` just before transaction `number` of this engine, or at the end if there are fewer transactions."""
    numbers = count(1)

    def check_out(*_: object) -> None:
        if next(numbers) == number:
            happens()

    event.listen(engine, "checkout", check_out)
    yield
    event.remove(engine, "checkout", check_out)
    if next(numbers) <= number:
        happens()


def test_four_planners_at_once_plan_one_digest_for_each_subscriber(ann: Engine, tmp_path: Path) -> None:
    emails = [f"subscriber{number}@example.org" for number in range(60)]
    for email in emails:
        add_subscriber(ann, SignUp(email, topics=("all",), cadence=Cadence.INSTANT, confirmed=True))
    add_paper(ann, tmp_path, "A Paper of the Next Dump", MONDAY)
    engines = [open_again(ann) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        planned = list(pool.map(lambda engine: plan_and_accept(engine, CONFIG, MONDAY), engines))
    assert sum(each.digests for each in planned) == len(emails) + 1
    with reading(ann) as connection:
        recipients = list(connection.scalars(select(delivery.c.recipient)))
    assert sorted(recipients) == sorted([*emails, ANN])
    for each in engines:
        each.dispose()
