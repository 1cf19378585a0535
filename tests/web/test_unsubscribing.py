"""The pages on which a subscriber stops all mail, or ends one subscription."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from lxml import html
from sqlalchemy import Engine, select
from support.service import add_subscriber
from support.web_site import (
    ANN,
    AT_EIGHT,
    BASE_URL,
    database_content,
    deliver_and_read_mails,
    deliver_first_mail,
    labels_of_ann,
    plan_for_ann,
    section_unsubscribe_paths,
    serve_pages,
    stored_ann,
    unsubscribe_path,
    urls_in,
    write_config,
)

from notifier.config import Config, secret_key
from notifier.models import Cadence, SubscriberState
from notifier.signing import UNSUBSCRIBE_PATH, Grant, LinkPurpose, LinkSigner, sign
from notifier.store.engine import reading
from notifier.store.tables import query
from notifier.subscribers.leaving import unsubscribe
from notifier.subscribers.subscribing import SignUp

MARKUP = '"<script>alert(1)</script>" OR quantization'


def press_the_button(client: httpx.Client, path: str) -> httpx.Response:
    """Send what a browser sends when the first button of the page is pressed, and return the answer."""
    page = client.get(path)
    form = html.document_fromstring(page.text, base_url=str(page.url)).forms[0]
    assert form.method == "POST" and len(form.xpath(".//button")) == 1
    fields = {name: str(value) for name, value in form.form_values()}
    # Browsers without Sec-Fetch-Site send this from a page whose referrer policy is `same-origin`.
    assert html.document_fromstring(page.text).xpath("string(//meta[@name='referrer']/@content)") == "same-origin"
    browser = {"Origin": BASE_URL}
    return client.post(form.action or str(page.url), data=fields, headers=browser)


def test_fetching_a_link_of_a_mail_changes_nothing(engine: Engine, config: Config, client: httpx.Client) -> None:
    message = deliver_first_mail(engine, config, "quantization", "experts")
    links = [url for url in urls_in(message) if url.startswith(BASE_URL)]
    others = [url for url in links if "/vote/" not in url]
    assert len(others) == 5, "to stop all mail, to end each of the two subscriptions, to the settings and the web copy"
    assert len(links) > 5, "one for voting on each card"
    before = database_content(engine)
    for path in (link.removeprefix(BASE_URL) for link in links):
        page, head = client.get(path), client.head(path)
        assert (page.status_code, head.status_code) == (200, 200)
        assert head.content == b"" and head.headers["content-length"] == page.headers["content-length"]
        assert client.get(html.document_fromstring(page.text).xpath("//link/@href")[0]).status_code == 200
    assert database_content(engine) == before


def test_the_button_stops_all_mail_and_the_page_says_how_to_subscribe_again(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    path = unsubscribe_path(deliver_first_mail(engine, config, "quantization", "experts"))
    page = press_the_button(client, path)
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED
    assert "You are unsubscribed" in page.text and "mailto:papers@example.org?subject=subscribe" in page.text
    assert client.get(path).text == page.text, "a second visit shows the same page"


def test_one_subscription_ends_and_the_others_continue(engine: Engine, config: Config, client: httpx.Client) -> None:
    quantization, _ = section_unsubscribe_paths(deliver_first_mail(engine, config, "quantization", "experts"))
    assert "quantization" in client.get(quantization).text
    assert "Your other subscription continues" in press_the_button(client, quantization).text
    assert (stored_ann(engine).state, labels_of_ann(engine)) == (SubscriberState.ACTIVE, ["experts"])
    tomorrow = AT_EIGHT + timedelta(days=1)
    plan_for_ann(engine, config, "Quantization Again", "Experts Again", at=tomorrow)
    text = deliver_and_read_mails(engine, config, at=tomorrow)[1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "*Experts* Again" in text and "Quantization" not in text


def test_ending_the_last_subscription_stops_all_mail_and_subscribing_again_restores_that_subscription(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    (only,) = section_unsubscribe_paths(deliver_first_mail(engine, config, "quantization"))
    assert "This is your only subscription" in client.get(only).text
    assert "You are unsubscribed" in press_the_button(client, only).text
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED
    add_subscriber(engine, SignUp(ANN, confirmed=True), AT_EIGHT, config)
    assert (stored_ann(engine).state, labels_of_ann(engine)) == (SubscriberState.ACTIVE, ["quantization"])


def test_ending_a_subscription_again_changes_nothing(engine: Engine, config: Config, client: httpx.Client) -> None:
    quantization, _ = section_unsubscribe_paths(deliver_first_mail(engine, config, "quantization", "experts"))
    press_the_button(client, quantization)
    before = database_content(engine)
    for answer in (client.get(quantization), client.post(quantization), client.post(quantization)):
        assert answer.status_code == 200 and "This subscription has ended." in answer.text
    assert database_content(engine) == before


def test_a_link_of_an_ended_subscription_never_ends_a_newer_one(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    _, experts = section_unsubscribe_paths(deliver_first_mail(engine, config, "quantization", "experts"))
    press_the_button(client, experts)
    add_subscriber(engine, SignUp(ANN, ("pruning",)), AT_EIGHT, config)
    client.post(experts)
    assert labels_of_ann(engine) == ["quantization", "pruning"]


def test_a_query_without_subscriptions_is_deleted(engine: Engine, config: Config, client: httpx.Client) -> None:
    quantization, experts = section_unsubscribe_paths(deliver_first_mail(engine, config, "quantization", "experts"))
    add_subscriber(engine, SignUp("bob@example.org", ("quantization", "vision"), confirmed=True), settings=config)
    client.post(quantization)
    client.post(experts)
    with reading(engine) as connection:
        assert len(list(connection.scalars(select(query.c.id)))) == 3, "Ann's last query and Bob's two are left"


def test_after_unsubscribing_every_link_shows_that_all_mail_has_stopped(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    message = deliver_first_mail(engine, config, "quantization", "experts")
    unsubscribe(engine, ANN, AT_EIGHT)
    for path in (unsubscribe_path(message), *section_unsubscribe_paths(message)):
        assert "You are unsubscribed" in client.get(path).text


def test_every_forged_link_gets_the_same_answer_whether_the_subscriber_exists_or_not(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    genuine = deliver_first_mail(engine, config, "quantization", "experts")
    known, unknown = stored_ann(engine).id, 12345
    other = LinkSigner("", b"the key of another notifier, of 32 bytes or more")
    genuine_path = unsubscribe_path(genuine)
    forged = [
        *other.unsubscribe_all_urls([known]),
        *other.unsubscribe_all_urls([unknown]),
        *other.unsubscribe_one_urls([known]),
        genuine_path[:-1],
        genuine_path + "0",
        genuine_path.replace(f"a{known}", f"s{known}"),
        "/unsubscribe/x",
        "/unsubscribe/%00%ff%2e%2e",
    ]
    before = database_content(engine)
    answers = {(answer.status_code, answer.text) for path in forged for answer in (client.get(path), client.post(path))}
    assert len(answers) == 1
    ((status, text),) = answers
    assert status == 404 and "the link may be incomplete" in text and ANN not in text
    assert database_content(engine) == before


def test_a_page_shows_only_a_masked_address(engine: Engine, config: Config, client: httpx.Client) -> None:
    message = deliver_first_mail(engine, config, "quantization")
    for path in (unsubscribe_path(message), *section_unsubscribe_paths(message)):
        text = client.get(path).text
        assert ANN not in text and "a…@example.org" in text


def test_a_weekly_digest_is_offered_beside_the_button(engine: Engine, config: Config, client: httpx.Client) -> None:
    message = deliver_first_mail(engine, config, "quantization", "experts")
    for path in (unsubscribe_path(message), section_unsubscribe_paths(message)[0]):
        unsubscribe_form, fewer = html.document_fromstring(client.get(path).text).forms
        assert (unsubscribe_form.getparent(), fewer.action) == (fewer.getparent(), f"{path}/fewer")
    assert "one mail a week" in client.post(f"{unsubscribe_path(message)}/fewer").text
    ann = stored_ann(engine)
    assert (ann.state, ann.cadence, len(ann.subscriptions)) == (SubscriberState.ACTIVE, Cadence.WEEKLY, 2)
    assert len(html.document_fromstring(client.get(unsubscribe_path(message)).text).forms) == 1


def test_a_query_with_markup_is_shown_as_text(engine: Engine, config: Config, client: httpx.Client) -> None:
    path = section_unsubscribe_paths(deliver_first_mail(engine, config, MARKUP, "experts"))[0]
    for page in (client.get(path), press_the_button(client, path)):
        shown = html.document_fromstring(page.text)
        assert shown.xpath("//script") == []
        assert shown.find_class("asked")[0].text_content() == '"<script>alert(1)</script>" or quantization'


def test_links_keep_working_after_the_base_url_was_removed_from_the_config(
    engine: Engine, config: Config, tmp_path: Path
) -> None:
    path = unsubscribe_path(deliver_first_mail(engine, config, "quantization"))
    with serve_pages(engine, write_config(tmp_path, base_url="")) as client:
        assert client.post(path).status_code == 200
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize(
    "purpose", sorted(set(LinkPurpose) - {LinkPurpose.UNSUBSCRIBE_ALL, LinkPurpose.UNSUBSCRIBE_ONE})
)
def test_a_link_for_another_purpose_unsubscribes_nobody(
    engine: Engine, config: Config, client: httpx.Client, purpose: LinkPurpose
) -> None:
    ann = add_subscriber(engine, SignUp(ANN, confirmed=True))
    for row_id in (ann.id, ann.subscriptions[0].id):
        path = UNSUBSCRIBE_PATH + sign(secret_key(config), Grant(purpose, row_id))
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404
    assert stored_ann(engine) == ann
