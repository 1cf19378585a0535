"""One-click unsubscribing (RFC 8058): the request that a mail provider sends, and its effect."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine, select
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    FORM,
    ONE_CLICK,
    database_content,
    deliver_and_read_mails,
    deliver_first_mail,
    plan_for_ann,
    send_raw_request,
    stored_ann,
    unsubscribe_path,
)

from notifier.config import Config
from notifier.models import DeliveryState, SubscriberState
from notifier.store.engine import reading
from notifier.store.tables import delivery
from notifier.subscribers.leaving import erase


@pytest.fixture
def path(engine: Engine, config: Config) -> str:
    """Return the path for one-click unsubscribing in the header of Ann's first mail."""
    message = deliver_first_mail(engine, config, "quantization", "experts")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page, by_mail = message["List-Unsubscribe"].split(", ")
    assert page.startswith(f"<{BASE_URL}/unsubscribe/") and by_mail.startswith("<mailto:papers@example.org?")
    return unsubscribe_path(message)


def test_the_exact_request_of_rfc_8058_stops_all_mail(engine: Engine, client: httpx.Client, path: str) -> None:
    answer = send_raw_request(
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
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED


def test_repeated_requests_get_the_same_answer_and_change_nothing(
    engine: Engine, client: httpx.Client, path: str
) -> None:
    first = client.post(path, content=ONE_CLICK, headers=FORM)
    before = database_content(engine)
    for _ in range(3):
        again = client.post(path, content=ONE_CLICK, headers=FORM)
        assert (again.status_code, again.text) == (200, first.text)
    assert database_content(engine) == before


def test_a_request_after_the_subscriber_was_erased_gets_the_same_answer(
    engine: Engine, client: httpx.Client, path: str
) -> None:
    erase(engine, ANN, AT_EIGHT)
    before = database_content(engine)
    answer = client.post(path, content=ONE_CLICK, headers=FORM)
    assert (answer.status_code, "You are unsubscribed" in answer.text) == (200, True)
    assert database_content(engine) == before


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
        {"content": b"\xff\x00 not a form"},
    ],
    ids=["form", "multipart", "empty", "malformed"],
)
def test_any_body_unsubscribes_even_if_it_is_malformed(
    engine: Engine, client: httpx.Client, path: str, body: dict[str, object]
) -> None:
    assert client.post(path, **body).status_code == 200  # type: ignore[arg-type]
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED


def test_mail_that_waits_in_the_outbox_is_cancelled(
    engine: Engine, config: Config, client: httpx.Client, path: str
) -> None:
    tomorrow = AT_EIGHT + timedelta(days=1)
    plan_for_ann(engine, config, "More Quantization for the Masses", at=tomorrow)
    client.post(path, content=ONE_CLICK, headers=FORM)
    assert len(deliver_and_read_mails(engine, config, at=tomorrow)) == 1, "only the first mail was sent"
    with reading(engine) as connection:
        states = list(connection.scalars(select(delivery.c.state).order_by(delivery.c.id)))
    assert states == [DeliveryState.ACCEPTED, DeliveryState.CANCELLED]
