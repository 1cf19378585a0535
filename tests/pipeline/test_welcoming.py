"""The welcome mail: it follows a confirmation, holds the first papers, and no paper reaches a subscriber twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Row, update
from support.planned_papers import accept_waiting
from support.service import MONDAY, add_listings, add_subscriber, ingest_page
from support.sign_ups import ANN, PAGES, confirmed, mails, sign_up

from notifier.digests import items
from notifier.digests.details import decode_digest_details
from notifier.models import Cadence, DeliveryKind, DeliveryState, Listing
from notifier.pipeline import once, plan, plan_welcomes
from notifier.store import papers, reading, subscribers, writing
from notifier.store.tables import delivery
from notifier.subscribers import confirm, unsubscribe
from notifier.subscribers.subscribing import SignUp

AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)


def titles(engine: Engine, row: Row[Any]) -> list[str]:
    ids = items.paper_ids(row._mapping["items"])
    with reading(engine) as connection:
        return sorted(each.title for each in papers.papers_by_id(connection, ids).values())


def welcomes(engine: Engine) -> list[Row[Any]]:
    return mails(engine, DeliveryKind.WELCOME)


def digests(engine: Engine) -> list[Row[Any]]:
    return [row for row in mails(engine, DeliveryKind.DIGEST) if row.state != DeliveryState.SKIPPED]


def test_its_papers_are_those_of_the_first_look_and_no_digest_repeats_them(store: Engine, tmp_path: Path) -> None:
    ingest_page(store, tmp_path, ["A Paper of Last Week"], now=MONDAY - 7 * A_DAY)
    ingest_page(store, tmp_path, ["A Paper of Yesterday"], now=MONDAY - A_DAY / 2)
    person = confirmed(store)
    assert plan_welcomes(store, PAGES, MONDAY) == 1
    (welcome,) = welcomes(store)
    assert (welcome.recipient, welcome.subject, welcome.subscriber_id) == (ANN, "Welcome to Daily Papers", person.id)
    assert titles(store, welcome) == ["A Paper of Yesterday"]
    assert decode_digest_details(welcome.details).labels == ("All papers",)
    assert "Monday, 6 July 2026 at 08:00 (UTC)" in decode_digest_details(welcome.details).opening
    accept_waiting(store)
    ingest_page(store, tmp_path, ["A Paper of This Morning"], now=MONDAY + A_DAY / 24)
    plan(store, PAGES, AT_EIGHT)
    assert [titles(store, row) for row in digests(store)] == [["A Paper of This Morning"]]


def test_a_paper_that_is_announced_again_is_not_repeated_either(store: Engine) -> None:
    paper = Listing(position=1, title="The Title of a Paper", arxiv_id="2607.00001")
    add_listings(store, "first", MONDAY.date(), paper, now=MONDAY - A_DAY / 2)
    confirmed(store)
    plan_welcomes(store, PAGES, MONDAY)
    accept_waiting(store)
    full = Listing(position=1, title="The Title of a Paper", arxiv_id="2607.00001", abstract="Now with an abstract.")
    add_listings(store, "second", MONDAY.date(), full, now=MONDAY)
    with reading(store) as connection:
        person = subscribers.find(connection, ANN)
        assert person is not None
        assert papers.newest_sequence(connection) > person.cursor
    plan(store, PAGES, AT_EIGHT)
    assert digests(store) == []


def test_without_papers_it_says_when_the_first_ones_come(store: Engine) -> None:
    confirmed(store, timezone="Europe/Berlin", hour="09:15", cadence=Cadence.WEEKLY)
    plan_welcomes(store, PAGES, MONDAY)
    opening = decode_digest_details(welcomes(store)[0].details).opening
    assert "Monday, 6 July 2026 at 09:15 (Europe/Berlin)" in opening
    assert "if there are new ones" in opening


def test_an_instant_subscriber_gets_the_papers_that_come_later(store: Engine, tmp_path: Path) -> None:
    ingest_page(store, tmp_path, ["A Paper of Yesterday"], now=MONDAY - A_DAY / 2)
    confirmed(store, cadence=Cadence.INSTANT)
    plan_welcomes(store, PAGES, MONDAY)
    plan(store, PAGES, AT_EIGHT)
    assert items.paper_ids(welcomes(store)[0]._mapping["items"]) == set()
    assert digests(store) == []
    ingest_page(store, tmp_path, ["A Paper of This Morning"], now=AT_EIGHT)
    plan(store, PAGES, AT_EIGHT)
    assert [titles(store, row) for row in digests(store)] == [["A Paper of This Morning"]]


def test_there_is_one_for_each_confirmation_however_many_processes_plan(store: Engine, tmp_path: Path) -> None:
    ingest_page(store, tmp_path, ["The Title of a Paper"])
    confirmed(store)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: plan_welcomes(store, PAGES, MONDAY), range(6)))
    assert plan_welcomes(store, PAGES, MONDAY) == 0
    assert len(welcomes(store)) == 1
    unsubscribe(store, ANN, MONDAY)
    confirmed(store, now=MONDAY + A_DAY)
    plan_welcomes(store, PAGES, MONDAY + A_DAY)
    assert [row.state for row in welcomes(store)] == ["CANCELLED", "PENDING"]


def test_once_plans_it_if_the_process_that_confirmed_died(engine: Engine) -> None:
    confirmed(engine)
    once(engine, PAGES, lambda: MONDAY)
    assert len(welcomes(engine)) == 1


@pytest.mark.parametrize("leaves", [True, False])
def test_only_somebody_who_begins_to_get_mail_is_welcomed(engine: Engine, leaves: bool) -> None:
    if leaves:
        confirmed(engine)
        unsubscribe(engine, ANN, MONDAY)
    else:
        add_subscriber(engine, SignUp(ANN, confirmed=True))
        confirm(engine, PAGES, sign_up(engine), MONDAY)
    assert plan_welcomes(engine, PAGES, MONDAY) == 0
    assert plan_welcomes(engine, PAGES, MONDAY) == 0
    assert welcomes(engine) == []


def change(engine: Engine, **values: object) -> None:
    with writing(engine) as connection:
        connection.execute(update(delivery).where(delivery.c.kind == DeliveryKind.WELCOME).values(values))


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.EXPIRED])
def test_the_next_digest_takes_in_the_papers_of_one_that_was_not_sent(
    store: Engine, tmp_path: Path, state: DeliveryState
) -> None:
    ingest_page(store, tmp_path, ["A Paper of Yesterday"], now=MONDAY - A_DAY / 2)
    confirmed(store)
    plan_welcomes(store, PAGES, MONDAY)
    change(store, state=state)
    plan(store, PAGES, AT_EIGHT)
    assert [titles(store, row) for row in digests(store)] == [["A Paper of Yesterday"]]
    assert [row.state for row in welcomes(store)] == ["EXPIRED"]


def test_one_without_papers_is_not_dropped_when_a_digest_is_planned(store: Engine) -> None:
    confirmed(store)
    plan_welcomes(store, PAGES, MONDAY)
    plan(store, PAGES, AT_EIGHT)
    assert [row.state for row in welcomes(store)] == ["PENDING"]
    assert digests(store) == []


@pytest.mark.parametrize("hours", [1, 30, 24 * 40])
def test_what_a_new_subscriber_gets_holds_each_paper_once(engine: Engine, tmp_path: Path, hours: int) -> None:
    got: list[str] = []
    now: datetime = MONDAY
    for day in range(5):
        ingest_page(engine, tmp_path, [f"The Paper of Day {day}", f"Another Paper of Day {day}"], now=now)
        if day == 1:
            confirmed(engine, now=now)
        plan_welcomes(engine, PAGES, now)
        plan(engine, PAGES, now + timedelta(hours=2))
        now += timedelta(hours=hours)
    plan(engine, PAGES, now + 2 * A_DAY)
    for row in mails(engine):
        if row.state == DeliveryState.PENDING and row.kind != DeliveryKind.CONFIRMATION:
            got += titles(engine, row)
    assert len(got) == len(set(got))
    assert {f"The Paper of Day {day}" for day in range(1, 5)} <= set(got)
