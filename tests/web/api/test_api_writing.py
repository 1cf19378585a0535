"""Programs add, change and erase subscribers, upload dumps, and may send a request again; nothing else can be set."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select
from support.api_site import SUBSCRIBERS, ApiClient, api_client, with_web
from support.channels import add_stored_channel
from support.service import add_subscriber, page_text
from support.sign_ups import recipients
from support.web_site import ANN, AT_EIGHT, database_content, deliver_first_mail

from notifier.config import Config, Limits
from notifier.models import Scope
from notifier.operations import create_token, revoke_token
from notifier.store import reading, stored_answers, tables, writing
from notifier.store.stored_answers import RequestKey, StoredAnswer
from notifier.subscribers import SignUp, sweep

BOB = "bob@example.net"
DUMPS = "/api/v1/dumps"
DUMP = page_text(["Bees in the City", "Quantization of Models"]).encode()


@pytest.fixture
def api(engine: Engine, config: Config) -> ApiClient:
    return api_client(engine, config)


def added(api: ApiClient, email: str = ANN, **values: Any) -> dict[str, Any]:
    """Add a confirmed subscriber, and return the document."""
    answer = api.post(SUBSCRIBERS, json={"email": email, "confirmed": True, **values})
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_somebody_who_is_added_gets_a_mail_that_asks_to_confirm(engine: Engine, api: ApiClient) -> None:
    answer = api.post(SUBSCRIBERS, json={"email": ANN, "queries": ["models"], "cadence": "weekly", "weekday": "friday"})
    assert answer.status_code == 201
    found = answer.json()
    assert (found["state"], found["cadence"], found["weekday"]) == ("PENDING", "weekly", "friday")
    assert api.get(answer.headers["location"].removeprefix("https://papers.example.org")).json() == found
    assert recipients(engine) == [("confirmation", ANN)]
    again = api.post(SUBSCRIBERS, json={"email": ANN.upper(), "topics": ["all"]})
    assert (again.status_code, len(again.json()["subscriptions"])) == (200, 2)
    assert recipients(engine) == [("confirmation", ANN)], "no second mail on the same day"


def test_only_with_its_scope_is_somebody_added_as_confirmed(engine: Engine, config: Config) -> None:
    one = api_client(engine, config, [Scope.WRITE_SUBSCRIBERS])
    assert one.post(SUBSCRIBERS, json={"email": ANN, "confirmed": True}).status_code == 403
    both = api_client(engine, config, [Scope.WRITE_SUBSCRIBERS, Scope.CONFIRM_SUBSCRIBERS])
    assert both.post(SUBSCRIBERS, json={"email": ANN, "confirmed": True}).json()["state"] == "ACTIVE"
    assert recipients(engine) == []


def test_only_with_the_scope_to_confirm_is_a_channel_subscribed(engine: Engine, config: Config) -> None:
    add_stored_channel(engine)
    wanted = {"email": "channel:lab", "queries": ["models"]}
    one = api_client(engine, config, [Scope.WRITE_SUBSCRIBERS])
    assert one.post(SUBSCRIBERS, json=wanted).status_code == 403
    every = api_client(engine, with_web(config, base_url=""))
    answer = every.post(SUBSCRIBERS, json=wanted)
    assert (answer.status_code, answer.json()["state"]) == (201, "ACTIVE")
    assert [each["email"] for each in every.get(f"{SUBSCRIBERS}?email=channel:lab").json()["subscribers"]] == [
        "channel:lab"
    ]
    unknown = every.post(SUBSCRIBERS, json={**wanted, "email": "channel:other"})
    assert (unknown.status_code, "There is no channel other" in unknown.text) == (422, True)
    assert recipients(engine) == []


def test_without_pages_nobody_can_be_asked_to_confirm(engine: Engine, config: Config) -> None:
    api = api_client(engine, with_web(config, base_url=""))
    answer = api.post(SUBSCRIBERS, json={"email": ANN})
    assert (answer.status_code, "base_url" in answer.json()["detail"]) == (409, True)
    assert ANN not in database_content(engine)


def test_a_schedule_is_changed_a_subscriber_pauses_leaves_and_is_erased(engine: Engine, api: ApiClient) -> None:
    one = f"{SUBSCRIBERS}/{added(api)['id']}"
    changed = api("PATCH", one, json={"hour": "17:30", "timezone": "Europe/Berlin"}).json()
    assert (changed["hour"], changed["timezone"], changed["cadence"]) == ("17:30", "Europe/Berlin", "daily")
    paused = api.post(f"{one}/pause", json={"until": "2026-08-01"}).json()
    assert (paused["state"], paused["paused_until"]) == ("PAUSED", "2026-07-31T22:00:00Z")
    assert api.post(f"{one}/resume").json()["state"] == "ACTIVE"
    assert api.post(f"{one}/pause", json={"until": "2020-01-01"}).status_code == 409
    assert api.post(f"{one}/unsubscribe").json()["state"] == "UNSUBSCRIBED"
    assert api.post(f"{one}/resume").status_code == 409
    erased = api("DELETE", one)
    assert (erased.status_code, erased.content) == (204, b"")
    assert api.get(one).status_code == 404
    assert ANN not in database_content(engine)


def test_subscriptions_are_added_changed_and_removed(api: ApiClient) -> None:
    subscriber = added(api, queries=["models"])
    all_of = f"{SUBSCRIBERS}/{subscriber['id']}/subscriptions"
    answer = api.post(all_of, json={"query": "bees OR wasps", "name": "Insects"})
    assert (answer.status_code, answer.json()["label"]) == (201, "Insects")
    one = answer.headers["location"].removeprefix("https://papers.example.org")
    assert api.get(one).json() == answer.json()
    assert api("PATCH", one, json={"query": "ants", "name": ""}).json()["label"] == "ants"
    assert [each["query"] for each in api.get(all_of).json()["subscriptions"]] == ["models", "ants"]
    assert api.post(all_of, json={"query": "ant"}).status_code == 422, "they have it already"
    refused = api.post(all_of, json={"query": "(ants"}).json()
    assert (refused["status"], refused["errors"][0]["column"]) == (422, 1)
    assert api.post(all_of, json={"query": "ants", "topic": "all"}).status_code == 422
    assert [each["query"] for each in api("DELETE", one).json()["subscriptions"]] == ["models"]
    last = f"{all_of}/{subscriber['subscriptions'][0]['id']}"
    assert api("DELETE", last).json()["state"] == "UNSUBSCRIBED"


def test_a_subscription_of_somebody_else_is_not_found(engine: Engine, api: ApiClient) -> None:
    ann, bob = added(api, queries=["models", "bees"]), added(api, BOB, queries=["ants", "wasps"])
    of_bob = f"{SUBSCRIBERS}/{ann['id']}/subscriptions/{bob['subscriptions'][0]['id']}"
    before = [line for line in database_content(engine).splitlines() if "subscription" in line]
    for method in ("GET", "PATCH", "DELETE"):
        values = {"json": {"name": "mine"}} if method == "PATCH" else {}
        assert api(method, of_bob, **values).status_code == 404
    assert [line for line in database_content(engine).splitlines() if "subscription" in line] == before


def test_nothing_but_the_documented_fields_can_be_set(engine: Engine, api: ApiClient) -> None:
    subscriber = added(api, queries=["models"])
    one = f"{SUBSCRIBERS}/{subscriber['id']}"
    subscription = f"{one}/subscriptions/{subscriber['subscriptions'][0]['id']}"
    before = [line for line in database_content(engine).splitlines() if "subscri" in line]
    fields = ("id", "email", "state", "cursor", "confirmed_at", "next_due", "address_key", "subscriber_id", "topic")
    for field in fields:
        for path, method in ((one, "PATCH"), (f"{one}/pause", "POST"), (subscription, "PATCH")):
            assert api(method, path, json={field: 1}).status_code == 422, (field, path)
    for field in ("id", "state", "cursor", "confirmed_at", "next_due", "subscriptions"):
        assert api.post(SUBSCRIBERS, json={"email": BOB, field: 1}).status_code == 422, field
    assert [line for line in database_content(engine).splitlines() if "subscri" in line] == before


def test_a_body_that_is_not_what_is_asked_for_is_refused(api: ApiClient) -> None:
    one = f"{SUBSCRIBERS}/{added(api)['id']}"
    bodies = (b"", b"[]", b"null", b"{", b"\xff", b'{"hour": "25:00"}', b'{"hour": null}', b'{"timezone": "Moon/Base"}')
    for body in (*bodies, b'{"cadence": "yearly"}', b'{"weekday": 3}', b"[" * 60_000):
        answer = api("PATCH", one, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), body[:50]
        assert answer.headers["content-type"] == "application/problem+json"
    assert api("PATCH", one, content=b'{"hour": "09:00"}', headers={"Content-Type": "text/plain"}).status_code == 415
    answer = api("PATCH", one, content=b"x" * 70_000)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("subscriber_id", ["0", "-1", "x", "9999999999", "1.5", "%00", "7"])
def test_an_id_that_nobody_has_is_not_found(api: ApiClient, subscriber_id: str) -> None:
    for path in (f"{SUBSCRIBERS}/{subscriber_id}", f"/api/v1/deliveries/{subscriber_id}"):
        assert api.get(path).status_code in (404, 422)


def test_the_lists_of_subscribers_and_deliveries_come_in_pages(engine: Engine, config: Config, api: ApiClient) -> None:
    deliver_first_mail(engine, config, "models")
    with writing(engine) as connection:
        row = {"state": "PENDING", "cadence": "daily", "hour": "08:00", "timezone": "UTC", "weekday": 0, "cursor": 0}
        emails = [f"reader{number}@example.com" for number in range(250)]
        rows = [{**row, "email": each, "address_key": each, "created_at": AT_EIGHT} for each in emails]
        connection.execute(insert(tables.subscriber), rows)

    def pages(path: str) -> Iterator[dict[str, Any]]:
        while path:
            answer = api.get(path)
            yield from answer.json()["subscribers"]
            path = answer.links.get("next", {}).get("url", "")

    assert [each["id"] for each in pages(SUBSCRIBERS)] == list(range(1, 252))
    assert [each["email"] for each in pages(f"{SUBSCRIBERS}?state=PENDING")] == emails
    assert [each["email"] for each in api.get(f"{SUBSCRIBERS}?email=ANN@example.org").json()["subscribers"]] == [ANN]
    (delivery,) = api.get("/api/v1/deliveries?state=ACCEPTED").json()["deliveries"]
    assert delivery["recipient"] == ANN
    assert api.get(f"/api/v1/deliveries/{delivery['id']}").json() == delivery
    assert api.get("/api/v1/deliveries?state=HELD").json() == {"deliveries": [], "next": None}
    for after in ("x", "9" * 18, "1.2"):
        assert api.get(f"{SUBSCRIBERS}?after={after}").status_code in (200, 404)


def test_an_uploaded_dump_is_ingested_once(api: ApiClient) -> None:
    answer = api.post(f"{DUMPS}?name=../../daily-2026-07-03.txt", content=DUMP)
    (report,) = answer.json()["dumps"]
    assert (answer.status_code, report["status"], report["new"]) == (201, "ingested", 2)
    assert (report["path"], report["listed_on"], report["listed_on_from"]) == (
        "daily-2026-07-03.txt",
        "2026-07-03",
        "name",
    )
    again = api.post(DUMPS, content=DUMP)
    assert (again.status_code, again.json()["dumps"][0]["status"]) == (200, "known")
    packed = api.post(f"{DUMPS}?date=2026-07-02&archive=true", content=gzip.compress(DUMP + b"\n"))
    assert packed.json()["dumps"][0]["listed_on"] == "2026-07-02"
    found = api.get("/api/v1/papers?query=quantization").json()["papers"]
    assert [(each["title"], "quantization" in each["topics"]) for each in found] == [("Quantization of Models", True)]


def test_bytes_that_are_no_dump_or_too_many_are_refused(engine: Engine, config: Config) -> None:
    small = config.model_copy(update={"limits": Limits(file_mb=1)})
    small._base = config.base
    api = api_client(engine, small)
    for content in (b"", b"\x89PNG\r\n\x1a\n", b"[1]", b"\0" * 100):
        answer = api.post(DUMPS, content=content)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert api.post(DUMPS, content=b"x" * (1 << 20) + b"x").status_code == 413
    assert api.post(f"{DUMPS}?date=0001-01-01", content=DUMP).status_code == 422
    assert api.get("/api/v1/status").json()["quarantine"] == []


def test_a_request_that_is_sent_again_has_the_same_answer_and_is_not_done_again(engine: Engine, config: Config) -> None:
    now = [AT_EIGHT]
    api = api_client(engine, config, clock=lambda: now[0])
    add_subscriber(engine, SignUp(BOB, ("models",), confirmed=True), settings=config)
    path, body = f"{SUBSCRIBERS}/1/subscriptions", {"query": "bees"}
    first = api.post(path, json=body, headers={"Idempotency-Key": "k1"})
    again = api.post(path, json=body, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert api.post(path, json={"query": "ants"}, headers={"Idempotency-Key": "k1"}).status_code == 422
    assert api.post(path, json=body, headers={"Idempotency-Key": "k2"}).status_code == 422, "they have it already"
    other = ApiClient(api.application, api_client(engine, config).token)
    assert other.post(path, json={"query": "wasps"}, headers={"Idempotency-Key": "k1"}).status_code == 201
    now[0] += timedelta(hours=25)
    assert api.post(path, json={"query": "ants"}, headers={"Idempotency-Key": "k1"}).status_code == 201
    sweep(engine, now[0] + timedelta(hours=25))
    assert 'INSERT INTO "stored_answer"' not in database_content(engine)


def test_an_erased_subscriber_is_in_no_stored_answer(engine: Engine, api: ApiClient) -> None:
    for email in ("Ann@Example.org", BOB):
        key = {"Idempotency-Key": email}
        subscriber = api.post(SUBSCRIBERS, json={"email": email, "confirmed": True}, headers=key).json()
    assert api.post(f"{SUBSCRIBERS}/1/unsubscribe", headers={"Idempotency-Key": "k"}).status_code == 200
    assert api("DELETE", f"{SUBSCRIBERS}/1").status_code == 204
    with reading(engine) as connection:
        (body,) = connection.scalars(select(tables.stored_answer.c.body))
    assert json.loads(body) == subscriber


def test_a_stored_answer_is_found_again_in_every_database(store: Engine) -> None:
    token_id = create_token(store, "", [Scope.READ_STATUS], AT_EIGHT).id
    asked = RequestKey(token_id, "k", "f")

    def begun(minutes: int) -> StoredAnswer | None:
        with writing(store) as connection:
            return stored_answers.begin(connection, asked, AT_EIGHT + timedelta(minutes=minutes))

    answer = StoredAnswer("f", 201, "application/json", "/x", b"\x00\xff")
    assert begun(0) is None
    assert begun(9) == StoredAnswer("f", None, "", "", b"")
    assert begun(10) is None, "the process that had begun was killed"
    with writing(store) as connection:
        stored_answers.finish(connection, asked, answer)
    assert begun(60) == answer
    revoke_token(store, token_id)
    with reading(store) as connection:
        assert not connection.execute(select(tables.stored_answer)).all()


def test_a_change_is_not_made_if_it_depends_on_an_etag(api: ApiClient) -> None:
    one = f"{SUBSCRIBERS}/{added(api)['id']}"
    for sent in (api.get(one).headers["etag"], '"x"', ""):
        for method in ("PATCH", "DELETE"):
            assert api(method, one, headers={"If-Match": sent}).status_code == 412
    assert api("PATCH", one, json={"hour": "09:00"}, headers={"If-Match": "*"}).status_code == 200
    assert api.get(one, headers={"If-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é"])
def test_a_wrong_idempotency_key_is_refused(api: ApiClient, key: str) -> None:
    answer = api.post(SUBSCRIBERS, json={"email": ANN}, headers={"Idempotency-Key": key.encode()})
    assert answer.status_code == 422


def test_a_request_is_not_done_twice_at_once_and_is_done_after_a_failure(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = {"json": {"email": ANN, "confirmed": True}, "headers": {"Idempotency-Key": "k"}}
    inner: list[int] = []

    def fail(*_: object) -> None:
        inner.append(api.post(SUBSCRIBERS, **same).status_code)
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("notifier.subscribers.subscribe_or_send_confirmation", fail)
        assert api.post(SUBSCRIBERS, **same).status_code == 500
    assert inner == [409]
    assert api.post(SUBSCRIBERS, **same).status_code == 201
