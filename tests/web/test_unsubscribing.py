"""The pages where readers leave: altogether, or one subscription at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from lxml import html
from sqlalchemy import Engine, select
from support.service import add_reader
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    ann,
    configured,
    database,
    delivered,
    first_mail,
    labels,
    plan_for_ann,
    relay_name,
    serving,
    urls,
    ways_out_of_one,
)

from notifier.config import Config
from notifier.models import SubscriberState
from notifier.signing import LinkSigner
from notifier.store.engine import reading
from notifier.store.tables import query
from notifier.subscribers.subscribing import SignUp, unsubscribe

MARKUP = '"<script>alert(1)</script>" OR quantization'


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path)


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    with serving(engine, config) as opened:
        yield opened


def press_the_button(client: httpx.Client, path: str) -> httpx.Response:
    """What a browser sends when the page's only button is pressed."""
    page = client.get(path)
    (form,) = html.document_fromstring(page.text, base_url=str(page.url)).forms
    assert form.method == "POST" and len(form.xpath(".//button")) == 1
    fields = {name: str(value) for name, value in form.form_values()}
    browser = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}  # Chromium's, from a page that sends no referrer
    return client.post(form.action or str(page.url), data=fields, headers=browser)


def test_no_url_of_a_mail_changes_anything_when_it_is_fetched(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    message = first_mail(engine, config, "quantization", "experts")
    links = [url for url in urls(message) if url.startswith(BASE_URL)]
    assert len(links) == 3, "all of it, and two subscriptions"
    before = database(engine)
    for path in (link.removeprefix(BASE_URL) for link in links):
        page, head = client.get(path), client.head(path)
        assert (page.status_code, head.status_code) == (200, 200)
        assert head.content == b"" and head.headers["content-length"] == str(len(page.content))
        assert client.get(html.document_fromstring(page.text).xpath("//link/@href")[0]).status_code == 200
    assert database(engine) == before


def test_the_button_stops_all_mail_and_the_page_says_how_to_come_back(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    path = relay_name(first_mail(engine, config, "quantization", "experts"))
    page = press_the_button(client, path)
    assert ann(engine).state is SubscriberState.UNSUBSCRIBED
    assert "You are unsubscribed" in page.text and "mailto:papers@example.org?subject=subscribe" in page.text
    assert client.get(path).text == page.text, "whoever comes again is told the same"


def test_one_subscription_ends_and_the_others_go_on(engine: Engine, config: Config, client: httpx.Client) -> None:
    quantization, _ = ways_out_of_one(first_mail(engine, config, "quantization", "experts"))
    assert "quantization" in client.get(quantization).text
    assert "Your other subscription goes on" in press_the_button(client, quantization).text
    assert (ann(engine).state, labels(engine)) == (SubscriberState.ACTIVE, ["experts"])
    tomorrow = AT_EIGHT + timedelta(days=1)
    plan_for_ann(engine, config, "Quantization Again", "Experts Again", at=tomorrow)
    text = delivered(engine, config, at=tomorrow)[1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "*Experts* Again" in text and "Quantization" not in text


def test_with_the_last_subscription_a_reader_leaves_altogether_and_finds_it_again_on_coming_back(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    (only,) = ways_out_of_one(first_mail(engine, config, "quantization"))
    assert "It is your only subscription" in client.get(only).text
    assert "You are unsubscribed" in press_the_button(client, only).text
    assert ann(engine).state is SubscriberState.UNSUBSCRIBED
    add_reader(engine, SignUp(ANN, confirmed=True), AT_EIGHT, config)
    assert (ann(engine).state, labels(engine)) == (SubscriberState.ACTIVE, ["quantization"])


def test_a_subscription_that_has_ended_may_be_ended_again(engine: Engine, config: Config, client: httpx.Client) -> None:
    quantization, _ = ways_out_of_one(first_mail(engine, config, "quantization", "experts"))
    press_the_button(client, quantization)
    before = database(engine)
    for answer in (client.get(quantization), client.post(quantization), client.post(quantization)):
        assert answer.status_code == 200 and "This subscription has ended." in answer.text
    assert database(engine) == before


def test_an_old_link_never_ends_a_newer_subscription(engine: Engine, config: Config, client: httpx.Client) -> None:
    _, experts = ways_out_of_one(first_mail(engine, config, "quantization", "experts"))
    press_the_button(client, experts)
    add_reader(engine, SignUp(ANN, ("pruning",)), AT_EIGHT, config)
    client.post(experts)
    assert labels(engine) == ["quantization", "pruning"]


def test_a_query_that_nobody_asks_any_more_is_forgotten(engine: Engine, config: Config, client: httpx.Client) -> None:
    quantization, experts = ways_out_of_one(first_mail(engine, config, "quantization", "experts"))
    add_reader(engine, SignUp("bob@example.org", ("quantization", "vision"), confirmed=True), settings=config)
    client.post(quantization)
    client.post(experts)
    with reading(engine) as connection:
        assert len(list(connection.scalars(select(query.c.id)))) == 3, "Ann's last, and Bob's two"


def test_who_left_altogether_is_told_so_by_every_link(engine: Engine, config: Config, client: httpx.Client) -> None:
    message = first_mail(engine, config, "quantization", "experts")
    unsubscribe(engine, ANN, AT_EIGHT)
    for path in (relay_name(message), *ways_out_of_one(message)):
        assert "You are unsubscribed" in client.get(path).text


def test_a_forged_link_gets_one_answer_whoever_is_in_the_store(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    genuine = first_mail(engine, config, "quantization", "experts")
    known, unknown = ann(engine).id, 12345
    other = LinkSigner("", b"the key of another notifier, of 32 bytes or more")
    all_of_it = relay_name(genuine)
    forged = [
        *other.unsubscribe_all_urls([known]),
        *other.unsubscribe_all_urls([unknown]),
        *other.unsubscribe_one_urls([known]),
        all_of_it[:-1],
        all_of_it + "0",
        all_of_it.replace(f"a{known}", f"s{known}"),
        "/unsubscribe/x",
        "/unsubscribe/%00%ff%2e%2e",
    ]
    before = database(engine)
    answers = {(answer.status_code, answer.text) for path in forged for answer in (client.get(path), client.post(path))}
    assert len(answers) == 1
    ((status, text),) = answers
    assert status == 404 and "its link may have been cut" in text and ANN not in text
    assert database(engine) == before


def test_a_page_shows_little_of_the_address_to_whoever_finds_it(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    message = first_mail(engine, config, "quantization")
    for path in (relay_name(message), *ways_out_of_one(message)):
        text = client.get(path).text
        assert ANN not in text and "a…@example.org" in text


def test_a_query_that_holds_markup_is_shown_and_does_nothing(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    path = ways_out_of_one(first_mail(engine, config, MARKUP, "experts"))[0]
    for page in (client.get(path), press_the_button(client, path)):
        shown = html.document_fromstring(page.text)
        assert shown.xpath("//script") == []
        assert shown.find_class("asked")[0].text_content() == MARKUP


def test_links_keep_working_when_the_base_url_is_taken_from_the_config(
    engine: Engine, config: Config, tmp_path: Path
) -> None:
    path = relay_name(first_mail(engine, config, "quantization"))
    with serving(engine, configured(tmp_path, base_url="")) as client:
        assert client.post(path).status_code == 200
    assert ann(engine).state is SubscriberState.UNSUBSCRIBED
