"""Events are stored in the transaction that stores what they tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.https_service import Answer, HttpsService, https_service
from support.outbox import plan_many
from support.service import add_subscribers, ingest_page
from support.source_histories import ARXIV_WEEK, failing, fetched, instant, weekly
from support.stored_sources import config_with, store_history
from support.webhooks import START, add_endpoint, deliver_at, event_rows, told, webhook_config

from notifier.alerting import alert_changes
from notifier.config import Config, MailConfig
from notifier.models import EventType
from notifier.operations.webhooks import list_webhooks
from notifier.pipeline.planning import plan
from notifier.store import endpoints, suppressions
from notifier.store.engine import writing
from notifier.store.events import LARGEST_BODY
from notifier.store.suppressions import NewSuppression
from notifier.subscribers import SignUp, erase, unsubscribe
from notifier.subscribers.reinstating import SuppressedChoice, reinstate

PAPER_KEYS = {"key", "title", "authors", "topics", "listed_on", "upvotes", "url", "web_url", "again"}
ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
def service() -> Iterator[HttpsService]:
    with https_service({"*": Answer()}, certificate=None) as running:
        yield running


def sign_up(engine: Engine, config: Config, *emails: str, confirmed: bool = True) -> None:
    add_subscribers(engine, config, [SignUp(email, topics=("all",), confirmed=confirmed) for email in emails])


def recorded(engine: Engine) -> list[tuple[str, list[str]]]:
    """Return the types of the recorded events, each with the addresses that it tells."""
    found = [json.loads(row.details) for row in event_rows(engine)]
    return [(each["type"], [one["email"] for one in each["data"]["subscribers"]]) for each in found]


def test_what_happens_to_subscribers_is_told(store: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(store, config, service)
    sign_up(store, config, ADA, BOB)
    unsubscribe(store, ADA, START)
    unsubscribe(store, ADA, START)
    with writing(store) as connection:
        suppressions.suppress(connection, [NewSuppression(2, "550 5.1.1 unknown")], START)
    reinstate(store, SuppressedChoice(emails=(BOB,)), START)
    assert recorded(store) == [
        ("subscriber.confirmed", [ADA, BOB]),
        ("subscriber.unsubscribed", [ADA]),
        ("subscriber.suppressed", [BOB]),
        ("subscriber.confirmed", [BOB]),
    ]


def test_what_happens_in_a_row_is_one_event_but_no_event_overtakes_another(
    store: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(store, config, service)
    sign_up(store, config, ADA)
    sign_up(store, config, BOB)
    unsubscribe(store, ADA, START)
    sign_up(store, config, ADA)
    expected = [("subscriber.confirmed", [ADA, BOB]), ("subscriber.unsubscribed", [ADA])]
    assert recorded(store) == [*expected, ("subscriber.confirmed", [ADA])]
    service.scripts["/hook"] = Answer(status=500)
    deliver_at(store, config)
    unsubscribe(store, BOB, START)
    unsubscribe(store, ADA, START)
    assert recorded(store) == [
        *expected,
        ("subscriber.confirmed", [ADA]),
        ("subscriber.unsubscribed", [BOB, ADA]),
    ]


def test_nobody_is_told_of_people_who_have_not_confirmed(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    sign_up(engine, config, ADA, BOB, confirmed=False)
    unsubscribe(engine, ADA, START)
    with writing(engine) as connection:
        suppressions.suppress(connection, [NewSuppression(2, "550 5.1.1 unknown")], START)
    assert recorded(engine) == []


def test_an_event_is_undone_with_what_it_tells(store: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(store, config, service)
    sign_up(store, config, ADA)
    with pytest.raises(RuntimeError), writing(store) as connection:
        suppressions.suppress(connection, [NewSuppression(1, "550 5.1.1 unknown")], START)
        raise RuntimeError
    assert [kind for kind, _ in recorded(store)] == ["subscriber.confirmed"]


def test_an_endpoint_gets_only_the_events_that_it_wants(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service, [EventType.SUBSCRIBER_UNSUBSCRIBED])
    sign_up(engine, config, ADA)
    unsubscribe(engine, ADA, START)
    assert recorded(engine) == [("subscriber.unsubscribed", [ADA])]


def test_erasing_somebody_takes_them_out_of_all_events(store: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(store, config, service)
    sign_up(store, config, ADA, BOB)
    unsubscribe(store, ADA, START)
    erase(store, ADA, START)
    assert recorded(store) == [("subscriber.confirmed", [BOB])]
    assert all(ADA not in repr(row) for row in event_rows(store))


def test_four_hundred_papers_come_once_in_few_events(store: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    ingest_page(store, tmp_path, ["A Paper That Came Before the Webhook"])
    add_endpoint(store, config, service, [EventType.PAPER_ANNOUNCED])
    titles = [f"On the Number {number} in Models of Language" for number in range(400)]
    ingest_page(store, tmp_path, titles)
    for _ in range(2):
        plan(store, config, START)
        deliver_at(store, config)
    papers = told(service, EventType.PAPER_ANNOUNCED)
    assert [each["title"] for each in papers] == titles
    assert 2 <= len(service.requests) <= 10
    assert max(len(asked.body) for asked in service.requests) <= LARGEST_BODY
    assert set(papers[0]) == PAPER_KEYS
    ingest_page(store, tmp_path, ["One More Paper about Something Else"])
    plan(store, config, START)
    deliver_at(store, config)
    assert len(told(service, EventType.PAPER_ANNOUNCED)) == 401


def test_papers_are_told_together_with_the_move_of_the_cursor(
    engine: Engine, tmp_path: Path, service: HttpsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    ingest_page(engine, tmp_path, ["The Title of a Paper"])

    def fail(*_arguments: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(endpoints, "set_cursor", fail)
        plan(engine, config, START)
    assert (event_rows(engine), list_webhooks(engine)[0].cursor) == ([], 0)
    plan(engine, config, START)
    assert (len(event_rows(engine)), list_webhooks(engine)[0].cursor) == (1, 1)


def test_accepted_digests_are_told_in_one_event_without_addresses(
    store: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path, mail=MailConfig(transport="maildir"))
    emails = [f"reader{number}@example.org" for number in range(50)]
    plan_many(store, tmp_path, emails)
    add_endpoint(store, config, service, [EventType.DIGEST_ACCEPTED])
    deliver_at(store, config)
    digests = told(service, EventType.DIGEST_ACCEPTED)
    assert len({each["delivery"] for each in digests}) == len(digests) == 50
    assert digests[0]["period"] == "2026-07-06"
    assert len(service.requests) <= 10
    assert not any(b"@" in asked.body for asked in service.requests)


def test_a_source_that_has_become_stale_is_told_once(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path, sources=config_with("arxiv").sources)
    add_endpoint(engine, config, service, [EventType.SOURCE_STALE])
    now = instant(22)
    store_history(engine, failing(weekly(ARXIV_WEEK, 22), now, instant(22, 6), 9, "HTTP 403"))
    for _ in range(2):
        alert_changes(engine, config, now)
    deliver_at(engine, config, now)
    store_history(engine, fetched(weekly(ARXIV_WEEK, 26), instant(25)))
    alert_changes(engine, config, instant(25))
    deliver_at(engine, config, instant(25))
    (entry,) = told(service, EventType.SOURCE_STALE)
    assert (entry["name"], entry["state"]) == ("arxiv", "broken")
    assert entry["reason"].startswith("it is broken since Tuesday, 2026-11-24: HTTP 403")
