"""Planning: who is due, which papers they get, and that nobody gets a paper twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Row, select
from support.planned_papers import accept_waiting
from support.service import MONDAY, add_listings, add_subscriber, ingest_page

from notifier.config import Config
from notifier.digests import items
from notifier.errors import QueryError, UsageError
from notifier.models import Cadence, DeliveryState, Listing, SubscriberState
from notifier.pipeline.planning import PlanReport, plan
from notifier.store import papers, subscribers
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.leaving import unsubscribe
from notifier.subscribers.subscribing import SignUp

CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)
TITLES = ["Quantization of Large Models", "Mixture of Experts at Scale", "A Survey of Quantized Networks"]


def rows(engine: Engine) -> list[Row[Any]]:
    with reading(engine) as connection:
        return list(connection.execute(select(delivery).order_by(delivery.c.id)))


def titles_by_section(engine: Engine, row: Row[Any]) -> dict[str, list[str]]:
    """Return the titles in each section of a digest, by label, and those of the rest under "rest"."""
    sections, rest = items.decode(row._mapping["items"])
    with reading(engine) as connection:
        named = papers.papers_by_id(connection, items.paper_ids(row._mapping["items"]))
    found = {section.label: [named[item.paper_id].title for item in section.items] for section in sections}
    return found | ({"rest": [named[item.paper_id].title for item in rest]} if rest else {})


def test_nobody_is_due_before_their_hour(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("quantization",), confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    assert plan(engine, CONFIG, AT_EIGHT - timedelta(seconds=1)) == PlanReport()
    assert plan(engine, CONFIG, AT_EIGHT) == PlanReport(due=1, digests=1)


def test_a_digest_has_a_section_for_each_subscription_and_each_paper_once(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("quantization", "survey OR experts"), ("all",), confirmed=True))
    ingest_page(engine, tmp_path, [*TITLES, "Something Else Entirely, Honestly"])
    plan(engine, CONFIG, AT_EIGHT)
    (row,) = rows(engine)
    assert titles_by_section(engine, row) == {
        "quantization": ["Quantization of Large Models", "A Survey of Quantized Networks"],
        "survey or experts": ["Mixture of Experts at Scale"],
        "All papers": ["Something Else Entirely, Honestly"],
    }
    assert (row.period, row.state, row.planned_at) == ("2026-07-06", DeliveryState.PENDING, AT_EIGHT)


def test_planning_again_plans_nothing(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    plan(engine, CONFIG, AT_EIGHT)
    assert plan(engine, CONFIG, AT_EIGHT) == PlanReport()
    accept_waiting(engine)
    assert plan(engine, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, skipped=1)
    assert [row.state for row in rows(engine)] == [DeliveryState.ACCEPTED, DeliveryState.SKIPPED]


def test_a_clock_set_back_plans_nothing(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    plan(engine, CONFIG, AT_EIGHT + A_DAY)
    ingest_page(engine, tmp_path, ["One More Paper to Read"], now=AT_EIGHT)
    assert plan(engine, CONFIG, AT_EIGHT) == PlanReport()
    assert len(rows(engine)) == 1


def test_after_days_without_planning_there_is_one_digest(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    assert plan(engine, CONFIG, AT_EIGHT + 3 * A_DAY) == PlanReport(due=1, digests=1)
    assert [row.period for row in rows(engine)] == ["2026-07-09"]


@pytest.mark.parametrize(("cadence", "expected"), [(Cadence.DAILY, 1), (Cadence.WEEKLY, 2), (Cadence.MONTHLY, 3)])
def test_a_first_digest_looks_back_no_further_than_its_cadence(
    engine: Engine, tmp_path: Path, cadence: Cadence, expected: int
) -> None:
    for days, title in [(60, "A Paper from Long Ago"), (20, "A Paper of Last Month"), (5, "A Paper of Last Week")]:
        ingest_page(engine, tmp_path, [title, f"And Its Companion, Day {days}"], now=MONDAY - days * A_DAY)
    ingest_page(engine, tmp_path, ["A Paper of Last Night", "And Its Own Companion"], now=MONDAY - A_DAY / 2)
    subscriber = add_subscriber(engine, SignUp("ann@example.org", topics=("all",), cadence=cadence, confirmed=True))
    with reading(engine) as connection:
        assert (
            len(papers.papers_after(connection, subscriber.cursor, papers.newest_sequence(connection))) == 2 * expected
        )


def test_trending_is_the_ten_best_papers_that_are_new_to_the_subscriber(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", confirmed=True))
    titles = [f"The Paper of Number {number}" for number in range(1, 15)]
    ingest_page(engine, tmp_path, titles)
    plan(engine, CONFIG, AT_EIGHT)
    accept_waiting(engine)
    ingest_page(engine, tmp_path, [*titles, "The Last Paper of Them All"], now=AT_EIGHT + A_DAY / 2)
    plan(engine, CONFIG, AT_EIGHT + A_DAY)
    assert [titles_by_section(engine, row)["Trending papers"] for row in rows(engine)] == [
        titles[:10],
        ["The Last Paper of Them All"],
    ]


def test_a_digest_shows_thirty_papers_and_lists_the_rest(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, [f"The Paper of Number {number}" for number in range(40)])
    plan(engine, CONFIG, AT_EIGHT)
    (row,) = rows(engine)
    assert {label: len(titles) for label, titles in titles_by_section(engine, row).items()} == {
        "All papers": 30,
        "rest": 10,
    }


def test_a_paper_announced_again_goes_only_to_subscribers_who_did_not_get_it_before(engine: Engine) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    add_subscriber(engine, SignUp("bob@example.org", ("surprise",), confirmed=True))
    bare = Listing(1, "The Paper without a Text")
    add_listings(engine, "one", MONDAY.date(), bare)
    plan(engine, CONFIG, AT_EIGHT)
    accept_waiting(engine)
    add_listings(engine, "two", MONDAY.date(), replace(bare, abstract="A surprise."), now=AT_EIGHT + A_DAY / 2)
    assert plan(engine, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=2, digests=1, skipped=1)
    sent = {(row.recipient, row.period): row.state for row in rows(engine)}
    assert sent == {
        ("ann@example.org", "2026-07-06"): DeliveryState.ACCEPTED,
        ("bob@example.org", "2026-07-06"): DeliveryState.SKIPPED,
        ("ann@example.org", "2026-07-07"): DeliveryState.SKIPPED,
        ("bob@example.org", "2026-07-07"): DeliveryState.PENDING,
    }


def test_a_subscriber_who_has_not_confirmed_gets_nothing(engine: Engine, tmp_path: Path) -> None:
    subscriber = add_subscriber(engine, SignUp("ann@example.org", topics=("all",)))
    ingest_page(engine, tmp_path, TITLES)
    assert subscriber.state is SubscriberState.PENDING
    assert plan(engine, CONFIG, AT_EIGHT + A_DAY) == PlanReport()


def test_a_subscriber_who_unsubscribes_gets_nothing_more_not_even_a_planned_digest(
    engine: Engine, tmp_path: Path
) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    plan(engine, CONFIG, AT_EIGHT)
    unsubscribe(engine, "Ann@Example.org", AT_EIGHT)
    assert [row.state for row in rows(engine)] == [DeliveryState.CANCELLED]
    assert plan(engine, CONFIG, AT_EIGHT + A_DAY) == PlanReport()


def test_a_subscriber_who_comes_back_does_not_get_the_same_papers_again(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, TITLES)
    plan(engine, CONFIG, AT_EIGHT)
    unsubscribe(engine, "ann@example.org", AT_EIGHT)
    add_subscriber(engine, SignUp("ann@example.org", confirmed=True), now=AT_EIGHT)
    assert plan(engine, CONFIG, AT_EIGHT + A_DAY) == PlanReport(due=1, skipped=1)


def test_each_subscriber_is_due_at_their_own_hour_in_their_own_zone(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, TITLES)
    for email, zone in [("tokyo@example.org", "Asia/Tokyo"), ("york@example.org", "America/New_York")]:
        add_subscriber(engine, SignUp(email, topics=("all",), timezone=zone, hour="08:00", confirmed=True))
    in_york = datetime.fromisoformat("2026-07-06T08:00-04:00")
    in_tokyo = datetime.fromisoformat("2026-07-07T08:00+09:00")
    assert plan(engine, CONFIG, in_york).due == 1
    assert plan(engine, CONFIG, in_tokyo - timedelta(minutes=1)).due == 0
    assert plan(engine, CONFIG, in_tokyo).due == 1
    assert [(row.recipient, row.period) for row in rows(engine)] == [
        ("york@example.org", "2026-07-06"),
        ("tokyo@example.org", "2026-07-07"),
    ]


def test_subscribing_again_adds_and_replaces_only_what_is_given(engine: Engine) -> None:
    add_subscriber(engine, SignUp("ann@example.org", ("quantization",), hour="06:30", confirmed=True))
    subscriber = add_subscriber(
        engine, SignUp("ANN@example.org", ("Quantized", "mixture of experts"), timezone="europe/berlin")
    )
    assert [each.query for each in subscriber.subscriptions] == ["quantization", "mixture of experts"]
    assert (subscriber.state, subscriber.hour, subscriber.timezone) == (
        SubscriberState.ACTIVE,
        "06:30",
        "Europe/Berlin",
    )
    with reading(engine) as connection:
        assert len(subscribers.everyone(connection)) == 1


def test_queries_with_the_same_canonical_form_are_stored_once(engine: Engine) -> None:
    ann = add_subscriber(engine, SignUp("ann@example.org", ("Models AND quantization",)))
    bob = add_subscriber(engine, SignUp("bob@example.org", ("quantized model",)))
    assert ann.subscriptions[0].query_id == bob.subscriptions[0].query_id


@pytest.mark.parametrize(
    "sign_up",
    [
        SignUp("no address"),
        SignUp("ann@example.org", topics=("quantum-cooking",)),
        SignUp("ann@example.org", timezone="Mars/Olympus"),
        SignUp("ann@example.org", hour="25:00"),
    ],
)
def test_a_wrong_sign_up_is_refused_and_writes_nothing(engine: Engine, sign_up: SignUp) -> None:
    with pytest.raises(UsageError):
        add_subscriber(engine, sign_up)
    with reading(engine) as connection:
        assert subscribers.everyone(connection) == []


def test_a_wrong_query_is_refused_with_the_column_of_the_error(engine: Engine) -> None:
    with pytest.raises(QueryError) as caught:
        add_subscriber(engine, SignUp("ann@example.org", ("quantization OR (experts",)))
    assert caught.value.column == 17
