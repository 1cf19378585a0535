"""Events are sent to endpoints from the outbox, signed, and again until they are accepted."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.https_service import Answer, Asked, HttpsService, https_service, redirect, slowly
from support.outbox import plan_many
from support.service import clean_environment
from support.webhooks import START, add_endpoint, deliver_at, event_rows, event_states, is_signed, webhook_config

from notifier.config import MailConfig, StoreConfig
from notifier.errors import UsageError
from notifier.fetching import webhooks as requests_to_endpoints
from notifier.models import DeliveryState, EventType
from notifier.operations import hold_delivery, list_deliveries, retry_delivery
from notifier.operations.webhooks import WantedWebhook, add_webhook, enable_webhook, list_webhooks, remove_webhook
from notifier.signing import event_signature, webhook_key
from notifier.store import events
from notifier.store.engine import reading, writing
from notifier.store.outbox import oldest_untried
from notifier.store.results import last_accepted

LATER = START + timedelta(minutes=7)
KINDS = EventType.SOURCE_STALE, EventType.SUBSCRIBER_CONFIRMED


@pytest.fixture
def service() -> Iterator[HttpsService]:
    with https_service({"*": Answer()}, certificate=None) as running:
        yield running


def record(engine: Engine, *names: str) -> None:
    """Put one event for each name into the outbox; they are of two types in turn, so that none joins another."""
    for number, name in enumerate(names):
        with writing(engine) as connection:
            events.record(connection, KINDS[number % 2], [{"name": name}], START)


def names_told(service: HttpsService) -> list[str]:
    """Return the names that came, in their order."""
    return re.findall(r'"name":"(\w+)"', " ".join(asked.body.decode() for asked in service.requests))


def test_the_signature_is_that_of_the_published_test_vector() -> None:
    key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = event_signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_comes_once_with_a_signature_that_others_can_verify(
    store: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    added = add_endpoint(store, config, service)
    record(store, "arXiv")
    assert +deliver_at(store, config).states == {DeliveryState.ACCEPTED: 1}
    deliver_at(store, config, LATER)
    (asked,) = service.requests
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert asked.body == (
        b'{"type":"source.stale","timestamp":"2026-07-06T08:00:00+00:00","data":{"sources":[{"name":"arXiv"}]}}'
    )
    assert asked.headers["webhook-timestamp"] == str(int(START.timestamp()))
    assert is_signed(asked, added.secret)
    assert event_states(store) == ["ACCEPTED"]


def test_each_webhook_has_a_secret_of_its_own(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    first, second = (add_endpoint(engine, config, service, path=path) for path in ("/first", "/second"))
    record(engine, "arXiv")
    deliver_at(engine, config)
    (to_first,), (to_second,) = service.asked_for("/first"), service.asked_for("/second")
    assert is_signed(to_first, first.secret)
    assert is_signed(to_second, second.secret)
    assert not is_signed(to_first, second.secret)


def test_a_secret_can_come_from_a_file(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    secret = "whsec_" + "QUJD" * 10
    file = tmp_path / "secret"
    file.write_text(secret + "\n", encoding="ascii")
    added = add_webhook(engine, config, WantedWebhook(service.url("/hook", "127.0.0.1"), (), file), START)
    assert added.secret == ""
    record(engine, "arXiv")
    deliver_at(engine, config)
    assert is_signed(service.requests[0], secret)


@pytest.mark.parametrize("text", ["", "QUJD" * 10, "whsec_short", "whsec_" + "QUJD" * 30, "whsec_ü", "whsec_?" * 9])
def test_a_file_without_a_usable_secret_is_refused_and_not_quoted(
    engine: Engine, tmp_path: Path, text: str, service: HttpsService
) -> None:
    file = tmp_path / "secret"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="holds no secret of a webhook") as caught:
        add_webhook(engine, webhook_config(tmp_path), WantedWebhook(service.url("/hook", "127.0.0.1"), (), file), START)
    assert not text or text not in str(caught.value)
    assert list_webhooks(engine) == []


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (Answer(status=500), "HTTP 500"),
        (Answer(status=404), "HTTP 404"),
        (Answer(status=304), "HTTP 304: redirects are not followed; add a webhook with the new URL"),
        (redirect("/elsewhere"), "HTTP 302: redirects are not followed; add a webhook with the new URL"),
        (Answer(raw=(b"not http at all\r\n\r\n",)), "sent no response in HTTP"),
        (Answer(raw=()), "sent no response in HTTP"),
    ],
    ids=["500", "404", "304", "302", "no HTTP", "closed"],
)
def test_an_event_that_is_not_accepted_is_sent_again_with_the_same_id_and_body(
    engine: Engine, tmp_path: Path, service: HttpsService, answer: Answer, reply: str
) -> None:
    config = webhook_config(tmp_path)
    added = add_endpoint(engine, config, service)
    record(engine, "arXiv")
    service.scripts["/hook"] = answer
    assert +deliver_at(engine, config).states == {DeliveryState.DEFERRED: 1}
    (row,) = event_rows(engine)
    assert reply in row.reply
    assert timedelta(minutes=4) <= row.next_try - START <= timedelta(minutes=6)
    service.scripts["/hook"] = Answer(b"ok", 202)
    deliver_at(engine, config, LATER)
    first, second = service.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert second.headers["webhook-timestamp"] == str(int(LATER.timestamp()))
    assert is_signed(second, added.secret)
    assert event_states(engine) == ["ACCEPTED"]


def test_any_status_from_200_to_299_accepts_even_with_a_body_that_does_not_end(
    engine: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    record(engine, "arXiv")
    service.scripts["/hook"] = Answer(headers={"Content-Length": "99999999999"}, body=b"x")
    assert +deliver_at(engine, config).states == {DeliveryState.ACCEPTED: 1}


def test_an_endpoint_that_hangs_is_given_up_and_delays_neither_mail_nor_others(
    engine: Engine, tmp_path: Path, service: HttpsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_to_endpoints, "SECONDS", 1.0)
    config = webhook_config(tmp_path, mail=MailConfig(transport="maildir"))
    plan_many(engine, tmp_path, ["ada@example.org"])
    add_endpoint(engine, config, service, KINDS, "/hangs")
    add_endpoint(engine, config, service, KINDS, "/works")
    record(engine, "one", "two", "three")
    mails = tmp_path / "var" / "mail" / "new"
    mail_was_there = []

    def hang(_asked: Asked) -> Answer:
        time.sleep(0.8)
        mail_was_there.append(any(mails.iterdir()))
        return Answer(pieces=slowly([b"x"] * 3, 1), status=200, raw=slowly([b"x"] * 3, 1))

    service.scripts["/hangs"] = hang
    report = deliver_at(engine, config)
    assert +report.states == {DeliveryState.ACCEPTED: 3, DeliveryState.DEFERRED: 1}
    assert mail_was_there == [True]
    assert [row.state for row in event_rows(engine) if "/hangs" in row.recipient] == ["DEFERRED", "PENDING", "PENDING"]


def test_an_endpoint_that_fails_is_tried_with_one_event_at_a_time(
    engine: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    record(engine, *map(str, range(20)))
    service.scripts["/hook"] = Answer(status=503)
    deliver_at(engine, config)
    deliver_at(engine, config, START + timedelta(seconds=5))
    assert len(service.requests) == 1
    deliver_at(engine, config, START + timedelta(seconds=11))
    assert len(service.requests) == 2
    service.scripts["/hook"] = Answer()
    deliver_at(engine, config, LATER)
    assert len(service.requests) == 22
    assert set(event_states(engine)) == {"ACCEPTED"}
    assert service.most_at_once == 1


def test_an_event_that_is_always_refused_does_not_stop_the_others(
    engine: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    record(engine, "bad", "good", "fine")
    service.scripts["/hook"] = lambda asked: Answer(status=422 if b'"bad"' in asked.body else 204)
    deliver_at(engine, config)
    deliver_at(engine, config, START + timedelta(seconds=11))
    assert event_states(engine) == ["DEFERRED", "ACCEPTED", "ACCEPTED"]


@pytest.mark.parametrize(("asked_for", "waits"), [("1800", 30), ("86400", 59)])
def test_retry_after_is_heeded_up_to_an_hour(
    store: Engine, tmp_path: Path, service: HttpsService, asked_for: str, waits: int
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(store, config, service)
    record(store, "first", "second")
    service.scripts["/hook"] = Answer(status=429, headers={"Retry-After": asked_for})
    deliver_at(store, config)
    service.scripts["/hook"] = Answer()
    until = START + timedelta(minutes=waits)
    deliver_at(store, config, until - timedelta(seconds=5))
    assert len(service.requests) == 1
    deliver_at(store, config, until + timedelta(seconds=5))
    assert event_states(store) == ["ACCEPTED", "ACCEPTED"]


def test_gone_disables_the_webhook_and_what_waits_fails_until_it_is_retried(
    store: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    added = add_endpoint(store, config, service)
    record(store, "first", "second")
    service.scripts["/hook"] = Answer(status=410)
    deliver_at(store, config)
    record(store, "third")
    deliver_at(store, config, LATER)
    assert len(service.requests) == 1
    assert event_states(store) == ["REJECTED", "FAILED"]
    (endpoint,) = list_webhooks(store)
    assert endpoint.disabled_reason == "HTTP 410: the endpoint wants no more events"
    second = event_rows(store)[1].id
    with pytest.raises(UsageError, match=f"notifier webhooks enable {added.id}"):
        retry_delivery(store, second)
    enable_webhook(store, added.id)
    retry_delivery(store, second)
    service.scripts["/hook"] = Answer()
    deliver_at(store, config, LATER)
    assert names_told(service) == ["first", "second"]


def test_an_event_that_nobody_accepts_fails_after_three_days_and_disables_the_webhook(
    engine: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    record(engine, "first", "second")
    service.scripts["/hook"] = Answer(status=500)
    deliver_at(engine, config)
    deliver_at(engine, config, START + timedelta(hours=71))
    assert event_states(engine) == ["DEFERRED", "DEFERRED"]
    deliver_at(engine, config, START + timedelta(hours=73))
    assert event_states(engine) == ["FAILED", "FAILED"]
    (endpoint,) = list_webhooks(engine)
    assert endpoint.disabled_reason == "it has accepted nothing for 3 days: HTTP 500"


def test_a_failed_event_alone_does_not_disable_a_webhook_that_accepts_others(
    engine: Engine, tmp_path: Path, service: HttpsService
) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    service.scripts["/hook"] = lambda asked: Answer(status=500 if b'"bad"' in asked.body else 200)
    record(engine, "bad", "good")
    for hours in (0, 1, 73):
        deliver_at(engine, config, START + timedelta(hours=hours))
    assert event_states(engine) == ["FAILED", "ACCEPTED"]
    assert list_webhooks(engine)[0].disabled_at is None
    retry_delivery(engine, event_rows(engine)[0].id)
    service.scripts["/hook"] = Answer()
    deliver_at(engine, config, START + timedelta(hours=74))
    assert event_states(engine) == ["ACCEPTED", "ACCEPTED"]


def test_a_host_that_is_or_becomes_private_gets_nothing(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    record(engine, "arXiv")
    closed = config.model_copy(update={"fetching": config.fetching.model_copy(update={"allow_private": ()})})
    deliver_at(engine, closed)
    assert service.requests == []
    (row,) = event_rows(engine)
    assert row.state == "DEFERRED"
    assert "127.0.0.1, which is not public; if this is intended" in row.reply


@pytest.mark.parametrize(
    "url",
    [
        "http://lab.example.org/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://[::1]/hook",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/hook",
        "https://2130706433/hook",
        "https://user:password@lab.example.org/hook",
        "ftp://lab.example.org/hook",
        "file:///etc/passwd",
        "lab.example.org",
    ],
)
def test_a_url_to_which_nothing_may_be_sent_cannot_be_added(engine: Engine, tmp_path: Path, url: str) -> None:
    config = webhook_config(tmp_path)
    strict = config.model_copy(update={"fetching": config.fetching.model_copy(update={"allow_private": ()})})
    with pytest.raises(UsageError):
        add_webhook(engine, strict, WantedWebhook(url), START)
    assert list_webhooks(engine) == []


def test_no_secret_is_stored_in_the_outbox_or_logged(
    engine: Engine, tmp_path: Path, service: HttpsService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = webhook_config(tmp_path)
    hidden = "T0KEN5ecretT0KEN5ecret1"
    added = add_endpoint(engine, config, service, path=f"/hook/{hidden}?key={hidden}")
    record(engine, "arXiv")
    service.scripts["*"] = Answer(status=500)
    deliver_at(engine, config)
    (row,) = event_rows(engine)
    for text in (caplog.text, repr(row), repr(list_deliveries(engine, None)), repr(list_webhooks(engine))):
        assert hidden not in text
        assert added.secret not in text
        assert added.secret.removeprefix("whsec_") not in text


def test_events_do_not_count_as_mail(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    record(engine, "arXiv", "medRxiv")
    with reading(engine) as connection:
        assert oldest_untried(connection) is None
    deliver_at(engine, config)
    with reading(engine) as connection:
        assert last_accepted(connection) is None


def test_an_event_can_be_held(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    add_endpoint(engine, config, service)
    record(engine, "arXiv")
    hold_delivery(engine, event_rows(engine)[0].id, START)
    deliver_at(engine, config)
    assert service.requests == []


def test_a_removed_webhook_leaves_nothing(store: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path)
    added = add_endpoint(store, config, service)
    record(store, "arXiv")
    remove_webhook(store, added.id)
    deliver_at(store, config)
    assert (service.requests, event_rows(store), list_webhooks(store)) == ([], [], [])


@pytest.mark.slow
def test_of_a_sender_that_is_killed_no_event_is_lost(engine: Engine, tmp_path: Path, service: HttpsService) -> None:
    config = webhook_config(tmp_path, store=StoreConfig(url=str(engine.url)))
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{engine.url}"\n[fetching]\nallow_http = ["127.0.0.1"]\nallow_private = ["127.0.0.1"]\n',
        encoding="utf-8",
    )
    add_endpoint(engine, config, service)
    names = [str(number) for number in range(30)]
    record(engine, *names)
    for last in (3, 11, 20):
        _kill_sender_after(tmp_path, service, last)
    deliver_at(engine, config)
    assert set(names_told(service)) == set(names)
    assert set(event_states(engine)) == {"ACCEPTED"}
    ids = {asked.body: asked.headers["webhook-id"] for asked in service.requests}
    assert all(ids[asked.body] == asked.headers["webhook-id"] for asked in service.requests)


def _kill_sender_after(folder: Path, service: HttpsService, number: int) -> None:
    """Run `notifier deliver`, and kill it when it sends its request with this number."""
    running = subprocess.Popen(
        [sys.executable, "-m", "notifier", "deliver", "--config", folder / "config.toml", "--now", START.isoformat()],
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    before = len(service.requests)

    def answer(_asked: Asked) -> Answer:
        if len(service.requests) - before == number:
            os.kill(running.pid, signal.SIGKILL)
        return Answer()

    service.scripts["/hook"] = answer
    assert running.wait(60) == -signal.SIGKILL
    service.scripts["/hook"] = Answer()
