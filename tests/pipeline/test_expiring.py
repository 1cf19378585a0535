"""Unsent digests: they expire, and the next digest includes each of their papers once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Row, select
from support.planned_papers import accept_waiting, digests_of
from support.service import MONDAY, add_subscriber, ingest_page

from notifier.config import Config
from notifier.digests import items
from notifier.digests.selection import Selection, add_unsent
from notifier.models import DeliveryState, Item, Section
from notifier.pipeline.planning import PlanReport, plan
from notifier.store import expiring, outbox
from notifier.store.engine import reading, writing
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
ANN = "ann@example.org"
LIFETIME = timedelta(hours=72)


@pytest.fixture
def planned(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store with one daily subscriber to all papers; the subscriber's digest of Monday waits in the outbox."""
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["A Paper of Monday", "Another Paper of Monday"])
    plan(engine, CONFIG, AT_EIGHT)
    return engine


def change(engine: Engine, **values: Any) -> None:
    with writing(engine) as connection:
        connection.execute(delivery.update().values(values))


def rows(engine: Engine) -> list[Row[Any]]:
    with reading(engine) as connection:
        return list(connection.execute(select(delivery).order_by(delivery.c.id)))


def expire(engine: Engine, now: datetime) -> int:
    with writing(engine) as connection:
        return expiring.expire(connection, now - LIFETIME, now)


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.DEFERRED])
def test_the_next_digest_takes_in_the_papers_of_a_digest_that_still_waits(
    planned: Engine, tmp_path: Path, state: DeliveryState
) -> None:
    change(planned, state=state)
    ingest_page(planned, tmp_path, ["A Paper of Tuesday", "Another Paper of Tuesday"], now=AT_EIGHT + A_DAY / 2)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, digests=1)
    assert [(row.state, row.next_try) for row in rows(planned)] == [("EXPIRED", None), ("PENDING", outbox.AT_ONCE)]
    sections, rest = items.decode(rows(planned)[1]._mapping["items"])
    assert [(section.label, len(section.items)) for section in sections] == [("All papers", 4)]
    assert rest == ()


def test_the_papers_of_an_unsent_digest_are_sent_although_no_other_paper_is_new(planned: Engine) -> None:
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, digests=1)
    assert digests_of(planned, ANN) == [("2026-07-07", ["A Paper of Monday", "Another Paper of Monday"])]
    accept_waiting(planned)
    assert plan(planned, CONFIG, AT_EIGHT + 2 * A_DAY) == PlanReport(due=1, skipped=1)


def test_the_papers_of_a_mail_that_was_too_large_are_in_exactly_one_later_digest(planned: Engine) -> None:
    change(planned, state=DeliveryState.FAILED, next_try=None, too_large=True)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, digests=1)
    assert digests_of(planned, ANN) == [("2026-07-07", ["A Paper of Monday", "Another Paper of Monday"])]
    assert (rows(planned)[0].state, rows(planned)[0].taken_in) == ("EXPIRED", True)
    accept_waiting(planned)
    assert plan(planned, CONFIG, AT_EIGHT + 2 * A_DAY) == PlanReport(due=1, skipped=1)


@pytest.mark.parametrize(
    "kept",
    [
        {"state": DeliveryState.DEFERRED, "uncertain": 1},
        {"state": DeliveryState.UNCERTAIN, "uncertain": 1},
        {"state": DeliveryState.PENDING, "in_doubt": True},
        {"state": DeliveryState.LEASED, "owner": "somebody"},
        {"state": DeliveryState.ACCEPTED},
        {"state": DeliveryState.FAILED},
        {"state": DeliveryState.FAILED, "too_large": True, "uncertain": 1},
        {"state": DeliveryState.FAILED, "too_large": True, "in_doubt": True},
        {"state": DeliveryState.HELD},
    ],
)
def test_a_digest_that_its_subscriber_may_have_got_or_may_still_get_is_not_taken_in(
    planned: Engine, kept: dict[str, Any]
) -> None:
    change(planned, **kept)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, skipped=1)
    assert rows(planned)[0].state == kept["state"]
    assert expire(planned, AT_EIGHT + 10 * A_DAY) == 0


def test_a_digest_that_was_tried_for_72_hours_expires_and_the_next_one_takes_it_in(planned: Engine) -> None:
    change(planned, state=DeliveryState.DEFERRED, attempts=50, next_try=AT_EIGHT + LIFETIME)
    assert expire(planned, AT_EIGHT + LIFETIME - timedelta(seconds=1)) == 0
    assert expire(planned, AT_EIGHT + LIFETIME) == 1
    assert rows(planned)[0].state == "EXPIRED"
    assert plan(planned, CONFIG, AT_EIGHT + LIFETIME + A_DAY).digests == 1
    assert digests_of(planned, ANN) == [("2026-07-10", ["A Paper of Monday", "Another Paper of Monday"])]
    accept_waiting(planned)
    assert plan(planned, CONFIG, AT_EIGHT + LIFETIME + 2 * A_DAY).digests == 0


def test_a_digest_that_was_never_tried_does_not_expire(planned: Engine) -> None:
    assert expire(planned, AT_EIGHT + 10 * A_DAY) == 0


def test_a_digest_that_a_sender_claims_while_the_next_is_chosen_is_not_taken_in(planned: Engine) -> None:
    with reading(planned) as connection:
        seen = expiring.unsent_digests(connection, [1])
    with writing(planned) as connection:
        outbox.claim(connection, "somebody", AT_EIGHT, 1)
        assert expiring.unsent_digests(connection, [1], lock=True) == {} != seen


def test_a_digest_with_unreadable_items_stops_no_digest_of_another_subscriber(planned: Engine, tmp_path: Path) -> None:
    change(planned, items="no such text")
    add_subscriber(planned, SignUp("bob@example.org", topics=("all",), confirmed=True))
    ingest_page(planned, tmp_path, ["A Paper of Tuesday", "Another Paper of Tuesday"], now=AT_EIGHT + A_DAY / 2)
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY).digests == 1
    change(planned, state=DeliveryState.FAILED)  # as `deliver` would set it
    assert plan(planned, CONFIG, AT_EIGHT + A_DAY).digests == 1


ITEMS = st.builds(Item, st.integers(1, 12))
SECTIONS = st.builds(
    Section, st.sampled_from("abc"), st.lists(ITEMS, min_size=1, max_size=5).map(tuple), st.sampled_from([1, 2, None])
)
SELECTIONS = st.builds(Selection, st.lists(SECTIONS, max_size=3).map(tuple), st.lists(ITEMS, max_size=3).map(tuple))


def numbers(selection: Selection) -> list[int]:
    shown = [item.paper_id for section in selection.sections for item in section.items]
    return [*shown, *(item.paper_id for item in selection.rest)]


def test_unsent_papers_go_to_the_section_of_their_subscription_although_its_label_has_changed() -> None:
    new = Selection((Section("MoE, not survey", (Item(1),), 7), Section("MoE -survey", (Item(2),), 8)), ())
    unsent = Selection((Section("MoE -survey", (Item(3),), 7), Section("MoE -survey", (Item(4),))), ())
    rolled = add_unsent(new, [unsent])
    assert rolled is not None
    assert [
        (section.label, section.subscription_id, [item.paper_id for item in section.items])
        for section in rolled.sections
    ] == [
        ("MoE, not survey", 7, [1, 3]),
        ("MoE -survey", 8, [2]),
        ("MoE -survey", None, [4]),
    ]


@given(SELECTIONS | st.none(), st.lists(SELECTIONS, min_size=1, max_size=3), st.integers(1, 10))
def test_every_unsent_paper_is_taken_in_once_and_the_sections_stay_within_the_limit(
    new: Selection | None, unsent: list[Selection], limit: int
) -> None:
    rolled = add_unsent(new, unsent, limit)
    if rolled is None:
        assert new is None and not any(map(numbers, unsent))
        return
    before = numbers(new) if new else []
    added = [number for number in numbers(rolled) if number not in before]
    assert set(numbers(rolled)) == set(before).union(*map(numbers, unsent))
    assert len(added) == len(set(added))
    new_shown = sum(len(section.items) for section in new.sections) if new else 0
    assert sum(len(section.items) for section in rolled.sections) <= max(limit, new_shown)
