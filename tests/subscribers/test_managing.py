"""Managing: subscribers change what they get, and nobody changes what is another subscriber's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.planned_papers import accept_waiting
from support.service import MONDAY, ingest_page, run_notifier
from support.sign_ups import ANN, BOB, PAGES, confirmed, mails, session_of

from notifier.config import Config
from notifier.digests import items
from notifier.errors import QueryError, UsageError
from notifier.models import Cadence, DeliveryKind, Subscriber, SubscriberState
from notifier.pipeline import plan, plan_welcomes
from notifier.store import reading, subscribers
from notifier.subscribers import (
    add_subscription,
    change_settings,
    change_subscription,
    digest_of,
    export_data,
    order_subscriptions,
    past_digests,
    remove_subscription,
)

AT_EIGHT = MONDAY.replace(hour=8)
A_DAY = timedelta(days=1)


CONFIG = Config()


def labels(subscriber: Subscriber) -> list[str]:
    return [each.label for each in subscriber.subscriptions]


def ids(subscriber: Subscriber) -> list[int]:
    return [each.id for each in subscriber.subscriptions]


@pytest.fixture
def ann(store: Engine) -> Subscriber:
    confirmed(store, BOB, topics=("all",))
    return confirmed(store, queries=("diffusion", "quantization"), topics=("trending",))


def test_a_query_and_a_topic_are_added_at_the_end(store: Engine, ann: Subscriber) -> None:
    add_subscription(store, PAGES, ann.id, query="mixture of experts", name="MoE")
    found = add_subscription(store, PAGES, ann.id, topic="robotics")
    assert labels(found) == ["diffusion", "quantization", "Trending", "MoE", "Robotics"]


@pytest.mark.parametrize("query", ["Quantization", "quantized", "QUANTIZATION "])
def test_what_is_there_already_is_not_added_again(store: Engine, ann: Subscriber, query: str) -> None:
    with pytest.raises(UsageError, match="already"):
        add_subscription(store, PAGES, ann.id, query=query)
    with pytest.raises(UsageError, match="already"):
        add_subscription(store, PAGES, ann.id, topic="trending")
    with pytest.raises(UsageError, match="already"):
        change_subscription(store, CONFIG, ann.id, ids(ann)[0], query=query)


def test_either_a_query_or_a_topic_is_added(engine: Engine) -> None:
    person = confirmed(engine)
    with pytest.raises(UsageError):
        add_subscription(engine, PAGES, person.id)
    with pytest.raises(UsageError):
        add_subscription(engine, PAGES, person.id, query="a", topic="all")
    with pytest.raises(QueryError):
        add_subscription(engine, PAGES, person.id, query="(")
    with pytest.raises(UsageError):
        add_subscription(engine, PAGES, person.id, topic="no-such-topic")


def test_nobody_has_more_than_a_hundred_subscriptions(engine: Engine) -> None:
    person = confirmed(engine, queries=tuple(f"word{number}" for number in range(100)), topics=())
    with pytest.raises(UsageError, match="limit"):
        add_subscription(engine, PAGES, person.id, query="one more")


def test_a_changed_subscription_keeps_its_id_and_its_place(store: Engine, ann: Subscriber) -> None:
    first, *_ = ids(ann)
    found = change_subscription(store, CONFIG, ann.id, first, query="'flow matching'", name="  Flow\n matching ")
    assert ids(found) == ids(ann)
    assert labels(found) == ["Flow matching", "quantization", "Trending"]
    assert found.subscriptions[0].query == "'flow matching'"
    assert change_subscription(store, CONFIG, ann.id, first, name="").subscriptions[0].name is None
    assert (
        change_subscription(store, CONFIG, ann.id, first, query="Flow-matching").subscriptions[0].query
        == "Flow-matching"
    )


def test_the_query_of_a_topic_cannot_be_changed_but_its_name_can(engine: Engine) -> None:
    person = confirmed(engine)
    with pytest.raises(UsageError, match="topic"):
        change_subscription(engine, CONFIG, person.id, ids(person)[0], query="diffusion")
    assert labels(change_subscription(engine, CONFIG, person.id, ids(person)[0], name="Everything")) == ["Everything"]


def test_a_removed_subscription_is_gone_and_the_last_one_unsubscribes(store: Engine, ann: Subscriber) -> None:
    one, two, three = ids(ann)
    assert labels(remove_subscription(store, ann.id, two, MONDAY)) == ["diffusion", "Trending"]
    remove_subscription(store, ann.id, one, MONDAY)
    found = remove_subscription(store, ann.id, three, MONDAY)
    assert (labels(found), found.state) == (["Trending"], SubscriberState.UNSUBSCRIBED)


def test_the_order_is_that_of_the_sections_and_new_ones_come_last(
    store: Engine, ann: Subscriber, tmp_path: Path
) -> None:
    found = order_subscriptions(store, ann.id, list(reversed(ids(ann))))
    assert labels(found) == ["Trending", "quantization", "diffusion"]
    found = add_subscription(store, PAGES, ann.id, topic="all")
    assert labels(found)[-1] == "All papers"
    assert labels(add_subscription(store, PAGES, ann.id, topic="robotics"))[-2:] == ["All papers", "Robotics"]
    found = remove_subscription(store, ann.id, ids(found)[0], MONDAY)
    order_subscriptions(store, ann.id, [ids(found)[1], ids(found)[0], *ids(found)[2:]])
    ingest_page(store, tmp_path, ["Diffusion of Images", "Quantization of Networks"])
    plan(store, PAGES, AT_EIGHT)
    (digest,) = [row for row in mails(store, DeliveryKind.DIGEST) if row.recipient == ANN]
    assert [section.label for section in items.decode(digest._mapping["items"])[0]] == ["diffusion", "quantization"]


@pytest.mark.parametrize("change", ["one is missing", "one is twice", "one is somebody else's"])
def test_an_order_must_hold_all_subscriptions_once(store: Engine, ann: Subscriber, change: str) -> None:
    with reading(store) as connection:
        bob = subscribers.find(connection, BOB)
    assert bob is not None
    one, two, three = ids(ann)
    wrong = {"one is missing": [one, two], "one is twice": [one, two, two], "one is somebody else's": [one, two]}
    extra = ids(bob) if "else" in change else []
    with pytest.raises(UsageError):
        order_subscriptions(store, ann.id, [*wrong[change], *extra])
    assert three


def test_nobody_changes_what_is_somebody_elses(store: Engine, ann: Subscriber) -> None:
    with reading(store) as connection:
        bob = subscribers.find(connection, BOB)
    assert bob is not None
    changes: list[Callable[[], Subscriber]] = [
        lambda: change_subscription(store, CONFIG, bob.id, ids(ann)[0], name="mine"),
        lambda: remove_subscription(store, bob.id, ids(ann)[0], MONDAY),
        lambda: order_subscriptions(store, bob.id, ids(ann)),
        lambda: add_subscription(store, PAGES, 10**6, topic="all"),
        lambda: change_settings(store, 10**6, MONDAY, hour="07:00"),
    ]
    for change in changes:
        with pytest.raises(UsageError):
            change()
    with reading(store) as connection:
        assert subscribers.find(connection, ANN) == ann
        assert subscribers.find(connection, BOB) == bob


def test_a_changed_schedule_moves_the_next_digest(store: Engine, ann: Subscriber) -> None:
    found = change_settings(store, ann.id, MONDAY, cadence=Cadence.WEEKLY, hour="9:30", weekday="wed")
    assert (found.cadence, found.hour, found.weekday, found.timezone) == (Cadence.WEEKLY, "09:30", 2, "UTC")
    assert found.next_due == MONDAY.replace(day=8, hour=9, minute=30)
    with pytest.raises(UsageError):
        change_settings(store, ann.id, MONDAY, hour="24:00")
    assert labels(found) == labels(ann)


def test_past_digests_are_whole_and_newest_first(store: Engine, ann: Subscriber, tmp_path: Path) -> None:
    titles = [f"Quantization Number {number} of Many" for number in range(40)]
    plan_welcomes(store, PAGES, MONDAY)
    ingest_page(store, tmp_path, titles)
    plan(store, PAGES, AT_EIGHT)
    accept_waiting(store)
    digest, welcome = past_digests(store, ann.id)
    assert (digest.kind, digest.papers, welcome.kind, welcome.papers) == ("digest", 40, "welcome", 0)
    assert past_digests(store, ann.id, before=digest.id) == [welcome]
    assert past_digests(store, ann.id, limit=1) == [digest]
    whole = digest_of(store, digest.id)
    assert whole is not None
    assert whole.digest.subscriber_id == ann.id
    assert {whole.papers[each].title for each in whole.digest.paper_ids} == set(titles)
    assert digest_of(store, 10**6) is None


def test_a_notice_is_no_past_digest(engine: Engine) -> None:
    person = confirmed(engine)
    assert past_digests(engine, person.id) == []
    assert digest_of(engine, 1) is None


def test_the_export_holds_everything_and_can_be_written_as_json(store: Engine, ann: Subscriber, tmp_path: Path) -> None:
    ingest_page(store, tmp_path, ["Quantization of Networks"])
    plan(store, PAGES, AT_EIGHT)
    session_of(store)
    data = json.loads(json.dumps(export_data(store, ann.id)))
    assert data["subscriber"]["email"] == ANN
    assert [each["label"] for each in data["subscriptions"]] == labels(ann)
    (message,) = data["messages"]
    assert (message["kind"], message["papers"][0]["title"]) == (DeliveryKind.DIGEST, "Quantization of Networks")
    assert [each["kind"] for each in data["requests"]] == ["welcome"]
    assert set(data["sessions"][0]) == {"created_at", "last_used_at", "expires_at"}
    assert BOB not in json.dumps(data)
    with pytest.raises(UsageError):
        export_data(store, 10**6)


@pytest.mark.slow
def test_the_command_line_ends_one_subscription(tmp_path: Path) -> None:
    def notifier(*arguments: str) -> tuple[int, str]:
        run = run_notifier(*arguments, cwd=tmp_path)
        return run.returncode, run.stdout + run.stderr

    notifier("subscribe", ANN, "--query", "Quantization", "--query", "diffusion", "--topic", "all", "--confirmed")
    assert notifier("unsubscribe", ANN, "--query", "quantized")[1].startswith(f"{ANN} is ACTIVE, daily: diffusion, All")
    assert notifier("unsubscribe", ANN, "--topic", "all")[1].startswith(f"{ANN} is ACTIVE, daily: diffusion\n")
    code, words = notifier("unsubscribe", ANN, "--topic", "all")
    assert (code, words) == (2, f"notifier: {ANN} is not subscribed to topic all; they have: diffusion\n")
    assert notifier("unsubscribe", ANN, "--query", "(")[0] == 2
    assert notifier("unsubscribe", ANN, "--query", "a", "--topic", "all")[0] == 2
    assert notifier("unsubscribe", ANN, "--query", "diffusion")[1].startswith(f"{ANN} is UNSUBSCRIBED")
