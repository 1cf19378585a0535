"""The pages of deliveries: find, show, retry and hold, each with its entry in the log."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import Engine
from support.admin_site import BOB, CLEO, logged_entries, send
from support.visitors import parsed, shown
from support.web_site import ANN, AT_EIGHT, deliver_and_read_mails

from notifier.config import Config
from notifier.operations import find_delivery, list_deliveries
from notifier.pipeline import plan
from notifier.signing import grants_in
from notifier.subscribers import request_sign_in


@pytest.fixture(autouse=True)
def planned(engine: Engine, config: Config, client: httpx.Client) -> None:
    """Plan the digests of Ann, Bob and Cleo, in this order, so that each waits in the outbox."""
    assert not client.is_closed, "it has added them"
    assert plan(engine, config, AT_EIGHT).digests == 3


def found(client: httpx.Client, **fields: str) -> list[str]:
    """Return the addresses of the deliveries that a search finds."""
    page = parsed(client.get("/admin/deliveries", params=fields))
    return list(page.xpath("//li[@class='item']//b/text()"))


def test_deliveries_are_found_by_address_number_and_state(client: httpx.Client) -> None:
    assert found(client) == [CLEO, BOB, ANN]
    assert found(client, find="BOB@example.org") == [BOB]
    assert found(client, find="3") == [CLEO]
    assert found(client, find="9") == []
    assert found(client, find="9" * 40) == []
    assert found(client, state="PENDING", before="3") == [BOB, ANN]
    assert found(client, state="HELD") == []
    assert found(client, state="<b>", find="%\0'; DROP TABLE delivery") == []


def test_an_administrator_holds_a_delivery_and_retries_it(engine: Engine, config: Config, client: httpx.Client) -> None:
    answer = send(client, "deliveries/2/hold")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/deliveries/2?done=held")
    page = client.get(answer.headers["location"])
    assert "The delivery is HELD" in shown(page)
    assert [form.action for form in parsed(page).forms] == ["/admin/deliveries/2/retry"]
    assert len(deliver_and_read_mails(engine, config)) == 2
    assert send(client, "deliveries/2/retry").status_code == 303
    assert find_delivery(engine, 2).state == "PENDING"
    assert len(deliver_and_read_mails(engine, config)) == 3
    refused = send(client, "deliveries/2/hold")
    assert refused.status_code == 409
    assert "Delivery 2 is ACCEPTED and stays so" in shown(refused)
    log = [(each.actor, each.at, each.action, each.subject, each.outcome) for each in logged_entries(engine)]
    assert log == [(ANN, AT_EIGHT, action, "delivery 2", "done") for action in ("retry", "hold")]


def test_everything_that_waits_is_held_at_once(engine: Engine, config: Config, client: httpx.Client) -> None:
    page = client.get(send(client, "deliveries/hold").headers["location"])
    assert "What waited to be sent is HELD" in shown(page)
    assert {each.state for each in list_deliveries(engine, None)} == {"HELD"}
    assert deliver_and_read_mails(engine, config) == []
    (entry,) = logged_entries(engine)
    assert entry.outcome == "3 held; 0 others are being sent, and were not"


def test_the_page_of_a_delivery_shows_its_mail_without_the_links_that_are_the_subscribers_own(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    request_sign_in(engine, config, BOB, AT_EIGHT)
    key = (config.base / "secret.key").read_bytes().strip()
    for number, words in ((2, "Quantization of Large Models"), (4, "sign")):
        page = client.get(f"/admin/deliveries/{number}")
        assert words in shown(page)
        assert BOB in shown(page)
        assert grants_in(key, page.text) == ([], False)
    assert "/sign-in/…" in page.text


def test_a_mail_that_cannot_be_made_says_why(config: Config, client: httpx.Client) -> None:
    (config.base / "secret.key").unlink()
    page = client.get("/admin/deliveries/2")
    assert page.status_code == 200
    assert "secret.key" in shown(page)


def test_there_is_no_page_of_a_delivery_that_does_not_exist(engine: Engine, client: httpx.Client) -> None:
    for wrong in ("9", "0", "x", "9" * 30, "%00", "-1"):
        assert client.get(f"/admin/deliveries/{wrong}").status_code == 404
        for action in ("retry", "hold"):
            assert send(client, f"deliveries/{wrong}/{action}").status_code == 404
    assert logged_entries(engine) == []
