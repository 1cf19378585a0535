"""The settings of somebody who is signed in: what each button does, and what the page then says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.visitors import form_to, link_path, mails_soon, parsed, serve_to_ann, shown
from support.web_site import (
    ANN,
    deliver_first_mail,
    labels_of_ann,
    serve_pages,
    stored_ann,
    write_config,
)

from notifier.config import Config
from notifier.models import Cadence, SubscriberState
from notifier.store import reading, subscribers

NEW = "ann@elsewhere.example"


@pytest.fixture
def client(engine: Engine, config: Config) -> Iterator[httpx.Client]:
    deliver_first_mail(engine, config, "quantization", "experts")
    with serve_to_ann(engine, config) as client:
        client.follow_redirects = True
        yield client


def send(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return client.post(path, data=fields)


def first_id(engine: Engine) -> int:
    return stored_ann(engine).subscriptions[0].id


def test_the_page_shows_everything_that_somebody_has(client: httpx.Client) -> None:
    text = shown(client.get("/manage"))
    assert f"Mail to {ANN} comes every day at 08:00 (UTC)" in text
    assert "quantization" in text and "experts" in text
    assert "due on Tuesday, 7 July 2026, 08:00" in text


def test_a_subscription_is_added_with_its_name_and_a_topic_too(client: httpx.Client, engine: Engine) -> None:
    answer = send(client, "/manage/subscriptions", words="graph, tree", name="Search trees")
    assert "The subscription was added" in shown(answer) and answer.url.path == "/manage"
    send(client, "/manage/subscriptions", topic="vision")
    assert labels_of_ann(engine) == ["quantization", "experts", "Search trees", "Vision"]


def test_a_preview_of_a_subscription_changes_nothing(client: httpx.Client, engine: Engine) -> None:
    answer = send(client, "/manage/subscriptions", words="quantization", do="preview")
    assert "1 paper in the last day" in shown(answer)
    path = f"/manage/subscriptions/{first_id(engine)}"
    assert "1 paper in the last day" in shown(send(client, path, words="experts", do="preview"))
    assert labels_of_ann(engine) == ["quantization", "experts"]


@pytest.mark.parametrize("words", ["", "(", "-x", "a" * 1001])
def test_a_query_that_is_refused_is_kept_and_explained(client: httpx.Client, engine: Engine, words: str) -> None:
    for path in ("/manage/subscriptions", f"/manage/subscriptions/{first_id(engine)}"):
        answer = send(client, path, words=words)
        assert answer.status_code == 422
        assert parsed(answer).xpath("//input[@name='words']/@value") == [words]
        assert parsed(answer).xpath("//input[@name='words']/@aria-describedby")[0].endswith("wrong-words")
    assert labels_of_ann(engine) == ["quantization", "experts"]


def test_a_subscription_is_changed_and_named(client: httpx.Client, engine: Engine) -> None:
    path = f"/manage/subscriptions/{first_id(engine)}"
    assert parsed(client.get(path)).xpath("//input[@name='words']/@value") == ["quantization"]
    send(client, path, words="pruning", name="Small models")
    assert labels_of_ann(engine) == ["Small models", "experts"]
    assert stored_ann(engine).subscriptions[0].query == "pruning"
    send(client, path, words="pruning", name="")
    assert labels_of_ann(engine) == ["pruning", "experts"]


def test_a_topic_can_be_named(client: httpx.Client, engine: Engine) -> None:
    send(client, "/manage/subscriptions", topic="vision")
    path = f"/manage/subscriptions/{stored_ann(engine).subscriptions[-1].id}"
    assert parsed(client.get(path)).xpath("//input[@name='words']") == []
    send(client, path, topic="vision", name="Images")
    assert labels_of_ann(engine)[-1] == "Images"


def test_subscriptions_are_moved(client: httpx.Client, engine: Engine) -> None:
    path = f"/manage/subscriptions/{first_id(engine)}/move"
    send(client, path, to="down")
    assert labels_of_ann(engine) == ["experts", "quantization"]
    send(client, path, to="down")
    assert labels_of_ann(engine) == ["experts", "quantization"]
    send(client, path, to="up")
    assert labels_of_ann(engine) == ["quantization", "experts"]


def test_one_subscription_is_removed_and_the_last_one_unsubscribes(client: httpx.Client, engine: Engine) -> None:
    assert "was removed" in shown(send(client, f"/manage/subscriptions/{first_id(engine)}/remove"))
    assert labels_of_ann(engine) == ["experts"]
    answer = client.get(f"/manage/subscriptions/{first_id(engine)}")
    assert "your only one" in shown(answer)
    assert form_to(answer, "/manage/schedule") is not None, 'the button "Fewer instead?" is beside the other one'
    assert "You are unsubscribed" in shown(send(client, f"/manage/subscriptions/{first_id(engine)}/remove"))
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED


def test_the_schedule_is_changed(client: httpx.Client, engine: Engine) -> None:
    answer = send(
        client, "/manage/schedule", cadence="weekly", weekday="friday", hour="18:00", timezone="America/New_York"
    )
    assert "every Friday at 18:00 (America/New York)" in shown(answer)
    ann = stored_ann(engine)
    assert (ann.cadence, ann.weekday, ann.hour, ann.timezone) == (Cadence.WEEKLY, 4, "18:00", "America/New_York")


def test_fewer_instead_changes_only_the_cadence(client: httpx.Client, engine: Engine) -> None:
    form = form_to(client.get("/manage"), "/manage/schedule")
    assert form is not None
    send(client, "/manage/schedule", cadence="weekly")
    ann = stored_ann(engine)
    assert (ann.cadence, ann.hour, ann.timezone) == (Cadence.WEEKLY, "08:00", "UTC")
    assert "Fewer instead" not in shown(client.get("/manage"))


@pytest.mark.parametrize("field", ["cadence", "hour", "timezone", "weekday"])
def test_a_wrong_schedule_changes_nothing(client: httpx.Client, engine: Engine, field: str) -> None:
    before = stored_ann(engine)
    answer = send(client, "/manage/schedule", **{field: "nonsense"})
    assert answer.status_code == 422
    assert parsed(answer).xpath("//*[@aria-invalid]/@name") == [field]
    assert stored_ann(engine) == before


def test_a_pause_ends_on_its_day_or_at_once(client: httpx.Client, engine: Engine) -> None:
    answer = send(client, "/manage/pause", until="2026-08-01")
    assert "is paused until Saturday, 1 August 2026, 00:00" in shown(answer)
    assert stored_ann(engine).state is SubscriberState.PAUSED
    assert "Your digests go on" in shown(send(client, "/manage/resume"))
    assert stored_ann(engine).state is SubscriberState.ACTIVE
    send(client, "/manage/pause", until="")
    assert stored_ann(engine).paused_until is None and stored_ann(engine).state is SubscriberState.PAUSED


@pytest.mark.parametrize("until", ["2026-07-06", "2020-01-01", "tomorrow", "9999-12-31x", "0001-01-01"])
def test_a_pause_until_a_day_that_has_passed_or_is_none_is_refused(
    client: httpx.Client, engine: Engine, until: str
) -> None:
    assert send(client, "/manage/pause", until=until).status_code == 422
    assert stored_ann(engine).state is SubscriberState.ACTIVE


def test_an_address_changes_when_both_addresses_have_confirmed(
    client: httpx.Client, engine: Engine, config: Config
) -> None:
    assert NEW in shown(send(client, "/manage/address", email=NEW))
    mails = {mail["To"]: mail for mail in mails_soon(engine, config, 3)[1:]}
    assert set(mails) == {ANN, NEW}
    assert "Change your address?" in shown(client.get(link_path(mails[ANN], "/confirm/")))
    assert "One more confirmation" in shown(client.post(link_path(mails[ANN], "/confirm/")))
    assert stored_ann(engine).email == ANN
    assert f"your digests go to {NEW}" in shown(client.post(link_path(mails[NEW], "/confirm/")))
    with reading(engine) as connection:
        assert subscribers.find(connection, ANN) is None
        assert subscribers.find(connection, NEW) is not None


def test_past_digests_are_shown_whole(client: httpx.Client) -> None:
    (path,) = parsed(client.get("/digests")).xpath("//main//a/@href")
    page = parsed(client.get(path))
    assert page.xpath("//h3/a/span/text() | //h3/a/text()")
    assert "Quantization of Large Models" in page.text_content()
    assert "Mixture of Experts at Scale" in page.text_content()


def test_data_can_be_taken(client: httpx.Client) -> None:
    answer = client.get("/manage/data.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert ANN in json.dumps(answer.json())


def test_deleting_asks_first_and_then_leaves_nothing(client: httpx.Client, engine: Engine) -> None:
    assert "cannot be undone" in shown(client.get("/manage/delete"))
    answer = send(client, "/manage/delete")
    assert "Everything is deleted" in shown(answer)
    assert "Max-Age=0" in answer.headers["set-cookie"]
    with reading(engine) as connection:
        assert subscribers.find(connection, ANN) is None
    assert client.get("/manage").url.path == "/sign-in"


def test_unsubscribing_from_all_has_fewer_instead_beside_it(client: httpx.Client, engine: Engine) -> None:
    page = client.get("/manage")
    (buttons,) = parsed(page).xpath("//h2[@id='unsubscribe']/following-sibling::div[1]")
    assert [" ".join(each.text_content().split()) for each in buttons.xpath(".//button")] == [
        "Unsubscribe from all",
        "Fewer instead? Once a week",
    ]
    answer = send(client, "/manage/unsubscribe")
    assert "You are unsubscribed" in shown(answer)
    assert stored_ann(engine).state is SubscriberState.UNSUBSCRIBED


def test_somebody_who_came_back_confirms_again(client: httpx.Client, engine: Engine, config: Config) -> None:
    send(client, "/manage/unsubscribe")
    send(client, "/manage/subscribe")
    mail = mails_soon(engine, config, 2)[-1]
    client.post(link_path(mail, "/confirm/"))
    assert stored_ann(engine).state is SubscriberState.ACTIVE
    assert labels_of_ann(engine) == ["quantization", "experts"]


def test_markup_in_a_name_is_shown_as_text(client: httpx.Client) -> None:
    send(client, "/manage/subscriptions", words='"<b>x</b>"', name="<script>alert(1)</script>")
    assert parsed(client.get("/manage")).xpath("//script | //b[text()='x']") == []


def test_the_pages_below_a_path_lead_back_below_it(engine: Engine, tmp_path: Path) -> None:
    config = write_config(tmp_path, base_url="https://example.org/papers")
    with serve_pages(engine, config) as client:
        assert client.get("/manage").headers["location"] == "/papers/sign-in"
        page = parsed(client.get("/subscribe"))
        assert page.xpath("//form/@action") == ["/papers/subscribe"]
        links = set(page.xpath("//header//a/@href"))
        assert links >= {"/papers/", "/papers/feeds", "/papers/papers", "/papers/subscribe", "/papers/sign-in"}
        assert all(link.startswith("/papers/") for link in links)
