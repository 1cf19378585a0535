"""One-click leaving (RFC 8058): what a mail provider sends, and what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, select
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    FORM,
    ONE_CLICK,
    ann,
    configured,
    database,
    delivered,
    exchange,
    first_mail,
    plan_for_ann,
    relay_name,
    serving,
)

from notifier.config import Config
from notifier.models import DeliveryState, SubscriberState
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import erase


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path)


@pytest.fixture
def path(engine: Engine, config: Config) -> str:
    """Where Ann's first mail says that one click is enough."""
    message = first_mail(engine, config, "quantization", "experts")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page, by_mail = message["List-Unsubscribe"].split(", ")
    assert page.startswith(f"<{BASE_URL}/unsubscribe/") and by_mail.startswith("<mailto:papers@example.org?")
    return relay_name(message)


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    with serving(engine, config) as opened:
        yield opened


def test_the_exact_request_of_rfc_8058_stops_all_mail(engine: Engine, client: httpx.Client, path: str) -> None:
    answer = exchange(
        client,
        f"POST {path} HTTP/1.1",
        "Host: papers.example.org",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(ONE_CLICK)}",
        "Connection: close",
        body=ONE_CLICK,
    )
    head, body = answer.lower().split(b"\r\n\r\n", 1)
    assert head.startswith(b"http/1.1 200 ok\r\n")
    assert b"set-cookie" not in head and b"location" not in head
    assert b"you are unsubscribed" in body
    assert ann(engine).state is SubscriberState.UNSUBSCRIBED


def test_it_may_be_asked_again_and_again(engine: Engine, client: httpx.Client, path: str) -> None:
    first = client.post(path, content=ONE_CLICK, headers=FORM)
    left = database(engine)
    for _ in range(3):
        again = client.post(path, content=ONE_CLICK, headers=FORM)
        assert (again.status_code, again.text) == (200, first.text)
    assert database(engine) == left


def test_it_may_be_asked_after_the_reader_was_erased(engine: Engine, client: httpx.Client, path: str) -> None:
    erase(engine, ANN, AT_EIGHT)
    erased = database(engine)
    answer = client.post(path, content=ONE_CLICK, headers=FORM)
    assert (answer.status_code, "You are unsubscribed" in answer.text) == (200, True)
    assert database(engine) == erased


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
        {"content": b"\xff\x00 not a form"},
    ],
    ids=["form", "multipart", "empty", "rubbish"],
)
def test_nobody_is_kept_for_a_matter_of_form(
    engine: Engine, client: httpx.Client, path: str, body: dict[str, object]
) -> None:
    assert client.post(path, **body).status_code == 200  # type: ignore[arg-type]
    assert ann(engine).state is SubscriberState.UNSUBSCRIBED


def test_mail_that_waits_is_never_sent(engine: Engine, config: Config, client: httpx.Client, path: str) -> None:
    tomorrow = AT_EIGHT + timedelta(days=1)
    plan_for_ann(engine, config, "More Quantization for the Masses", at=tomorrow)
    client.post(path, content=ONE_CLICK, headers=FORM)
    assert len(delivered(engine, config, at=tomorrow)) == 1, "the first mail alone"
    with reading(engine) as connection:
        states = list(connection.scalars(select(delivery.c.state).order_by(delivery.c.id)))
    assert states == [DeliveryState.ACCEPTED, DeliveryState.CANCELLED]
