"""Sending digests to channels, over loopback servers that speak as the services document: answers and what follows."""

from __future__ import annotations

import base64
import json
import logging
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from slack_sdk.webhook import WebhookClient
from sqlalchemy import Engine
from support.channels import TITLES, channel_config, endpoint_row, plan_for_channels, rows, subscribe_channel
from support.chat_services import (
    BOT,
    DISCORD,
    DISCORD_TOKEN,
    DISCORD_URL,
    MATRIX,
    MATRIX_TOKEN,
    MATRIX_URL,
    MATTERMOST_URL,
    NTFY_URL,
    SLACK,
    SLACK_BOT_URL,
    SLACK_URL,
    TELEGRAM_URL,
    ChatServices,
    chat_services,
    json_answer,
)
from support.https_service import Answer, Asked
from support.outbox import AT_EIGHT, SettableClock
from support.service import add_subscriber, free_ports, ingest_page

from notifier.config import Config, FetchingConfig, WebConfig
from notifier.models import DeliveryState
from notifier.operations.adding_channels import ChannelUrl, add_channel
from notifier.operations.adding_channels import test_channel as send_test_message
from notifier.operations.channels import enable_channel, remove_channel
from notifier.pipeline.delivering import deliver
from notifier.pipeline.planning import plan
from notifier.store import endpoints, relays, results
from notifier.store.engine import reading
from notifier.subscribers import import_content
from notifier.subscribers.subscribing import SignUp

BASE_URL = "https://papers.example.org"
SECRETS = ("TIiajkdnlazkcOXrIdevi7FQ", DISCORD_TOKEN, MATRIX_TOKEN)


@pytest.fixture
def chats(tmp_path: Path) -> Iterator[ChatServices]:
    with chat_services(tmp_path) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, chats: ChatServices) -> Config:
    return channel_config(tmp_path, chats, web=WebConfig(base_url=BASE_URL))


def pause_end(engine: Engine, name: str) -> timedelta:
    with reading(engine) as connection:
        state = relays.read(connection, endpoints.relay_name(endpoint_row(engine, name).id))
    assert state.paused_until is not None
    return state.paused_until - AT_EIGHT


def test_the_loopback_of_slack_speaks_with_slacks_own_client(chats: ChatServices, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(tmp_path / "chats-authority.pem"))
    proxy = chats.fetching.proxy.get_secret_value()
    client = WebhookClient(SLACK_URL, ssl=trusted, proxy=proxy)
    accepted = client.send(text="Hello from Slack's own client")
    assert (accepted.status_code, accepted.body) == (200, "ok")
    assert chats.texts(SLACK) == ["Hello from Slack's own client"]
    gone = WebhookClient(SLACK_URL[:-1], ssl=trusted, proxy=proxy).send(text="Hello")
    assert (gone.status_code, gone.body) == (404, "no_service")
    assert client.send(text="").body == "no_text"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (SLACK_URL, SLACK),
        (SLACK_BOT_URL, "slack.com"),
        (DISCORD_URL, DISCORD),
        (MATRIX_URL, MATRIX),
        (TELEGRAM_URL, "api.telegram.org"),
        (MATTERMOST_URL, "chat.example.org"),
        (NTFY_URL, "ntfy.example.org"),
    ],
)
def test_a_digest_reaches_the_channel_once_with_titles_links_and_no_personal_link(  # noqa: PLR0913, PLR0917
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config, url: str, host: str
) -> None:
    subscribe_channel(engine, config, "lab", url)
    plan_for_channels(engine, tmp_path, config)
    deliver(engine, config, SettableClock())
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(hours=1)))
    assert rows(engine)["channel:lab"].state == DeliveryState.ACCEPTED, rows(engine)["channel:lab"].reply
    (text,) = chats.texts(host)
    for title in TITLES:
        assert title in text
    assert f"{BASE_URL}/paper/" in text
    assert not any(part in text for part in ("/vote/", "/unsubscribe/", "/manage/", "/digests/", "/confirm/"))
    assert "channel:" not in text


def test_one_broken_channel_delays_neither_the_others_nor_the_mail(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    for name, url in (("slack", SLACK_URL), ("discord", DISCORD_URL), ("matrix", MATRIX_URL)):
        subscribe_channel(engine, config, name, url)
    add_subscriber(engine, SignUp("ann@example.org", topics=("all",), confirmed=True))
    chats.instead[DISCORD] = lambda _: Answer(b"upstream error", 502)
    plan_for_channels(engine, tmp_path, config)
    report = deliver(engine, config, SettableClock())
    found = rows(engine)
    assert {name: row.state for name, row in found.items()} == {
        "ann@example.org": DeliveryState.ACCEPTED,
        "channel:slack": DeliveryState.ACCEPTED,
        "channel:discord": DeliveryState.DEFERRED,
        "channel:matrix": DeliveryState.ACCEPTED,
    }
    assert found["channel:discord"].reply == "HTTP 502: upstream error"
    assert report.states[DeliveryState.ACCEPTED] == 1, "the counts of mail are of mail only"
    mails = list((tmp_path / "var/mail").rglob("*"))
    assert not any(b"channel:" in mail.read_bytes() for mail in mails if mail.is_file())
    del chats.instead[DISCORD]
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(minutes=10)))
    assert [len(chats.texts(host)) for host in (SLACK, DISCORD, MATRIX)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("url", "host", "answer", "wait"),
    [
        (SLACK_URL, SLACK, Answer(b"rate_limited", 429, {"Retry-After": "1800"}), 1800),
        (DISCORD_URL, DISCORD, json_answer(429, message="limited", retry_after=1500.5, **{"global": False}), 1500.5),
        (
            MATRIX_URL,
            MATRIX,
            json_answer(429, errcode="M_LIMIT_EXCEEDED", error="Too many requests", retry_after_ms=1_200_000),
            1200,
        ),
        (TELEGRAM_URL, "api.telegram.org", json_answer(429, ok=False, parameters={"retry_after": 2000}), 2000),
    ],
)
def test_a_service_that_limits_requests_gets_the_digest_when_it_says_and_not_before(  # noqa: PLR0913, PLR0917
    engine: Engine,
    tmp_path: Path,
    chats: ChatServices,
    config: Config,
    url: str,
    host: str,
    answer: Answer,
    wait: float,
) -> None:
    subscribe_channel(engine, config, "lab", url)
    plan_for_channels(engine, tmp_path, config)
    chats.instead[host] = lambda _: answer
    deliver(engine, config, SettableClock())
    row = rows(engine)["channel:lab"]
    assert (row.state, row.attempts) == (DeliveryState.DEFERRED, 1)
    assert row.next_try >= AT_EIGHT + timedelta(seconds=wait)
    assert pause_end(engine, "lab") == timedelta(seconds=wait)
    assert len(chats.asked(host)) == 1, "Apprise neither waits nor asks again"
    chats.instead.clear()
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(seconds=wait - 1)))
    assert not chats.texts(host)
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(seconds=wait + 400)))
    assert len(chats.texts(host)) == 1


@pytest.mark.parametrize(
    ("url", "host", "answer", "reply"),
    [
        (SLACK_URL, SLACK, Answer(b"no_service", 404), "HTTP 404: no_service"),
        (SLACK_URL, SLACK, Answer(b"channel_is_archived", 410), "HTTP 410: channel_is_archived"),
        (SLACK_URL, SLACK, Answer(b"invalid_token", 400), "HTTP 400: invalid_token"),
        (SLACK_BOT_URL, "slack.com", json_answer(200, ok=False, error="not_in_channel"), "not_in_channel"),
        (DISCORD_URL, DISCORD, json_answer(404, message="Unknown Webhook", code=10015), "Unknown Webhook"),
        (DISCORD_URL, DISCORD, json_answer(401, message="Invalid Webhook Token", code=50027), "Invalid Webhook Token"),
        (MATRIX_URL, MATRIX, json_answer(401, errcode="M_UNKNOWN_TOKEN", error="unknown"), "M_UNKNOWN_TOKEN"),
        (MATRIX_URL, MATRIX, json_answer(403, errcode="M_FORBIDDEN", error="not in the room"), "M_FORBIDDEN"),
        (
            TELEGRAM_URL,
            "api.telegram.org",
            json_answer(400, ok=False, description="Bad Request: chat not found"),
            "chat not found",
        ),
    ],
)
def test_a_channel_that_is_gone_is_disabled_and_its_digest_is_kept_until_it_is_enabled(  # noqa: PLR0913, PLR0917
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config, url: str, host: str, answer: Answer, reply: str
) -> None:
    subscribe_channel(engine, config, "lab", url)
    plan_for_channels(engine, tmp_path, config)
    chats.instead[host] = lambda _: answer
    deliver(engine, config, SettableClock())
    assert not any("well-known" in asked.path for asked in chats.asked(host))
    assert reply in endpoint_row(engine, "lab").disabled_reason
    assert rows(engine)["channel:lab"].state == DeliveryState.DEFERRED
    number = len(chats.asked(host))
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(hours=2)))
    assert len(chats.asked(host)) == number, "a disabled channel gets no request"
    assert not any("register" in asked.path or "createRoom" in asked.path for asked in chats.asked(host))
    chats.instead.clear()
    enable_channel(engine, "lab")
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(hours=2)))
    assert len(chats.texts(host)) == 1
    assert rows(engine)["channel:lab"].state == DeliveryState.ACCEPTED


def test_what_waits_for_a_channel_is_sent_as_soon_as_the_channel_is_enabled(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)
    chats.instead[SLACK] = lambda _: Answer(b"no_service", 404)
    deliver(engine, config, SettableClock())
    chats.instead.clear()
    enable_channel(engine, "lab")
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(seconds=30)))
    assert rows(engine)["channel:lab"].state == DeliveryState.ACCEPTED


def test_the_papers_of_a_disabled_channel_come_with_its_next_digest(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)
    chats.instead[SLACK] = lambda _: Answer(b"no_service", 404)
    deliver(engine, config, SettableClock())
    tomorrow = AT_EIGHT + timedelta(days=1)
    ingest_page(engine, tmp_path, ["A Paper of the Next Day"], tomorrow - timedelta(hours=1))
    plan(engine, config, tomorrow)
    chats.instead.clear()
    enable_channel(engine, "lab")
    deliver(engine, config, SettableClock(tomorrow))
    (text,) = chats.texts(SLACK)
    for title in (*TITLES, "A Paper of the Next Day"):
        assert text.count(f"|{title}>") == 1


def test_a_repeated_message_has_the_same_transaction_id_so_matrix_shows_it_once(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", MATRIX_URL)
    plan_for_channels(engine, tmp_path, config)

    def accept_and_hide(asked: Asked) -> Answer | None:
        """Accept a message, and lose the answer."""
        if asked.method != "PUT":
            return None
        chats.matrix_event(asked, asked.path.rpartition("/")[2])
        return Answer(raw=[b""])

    chats.instead[MATRIX] = accept_and_hide
    deliver(engine, config, SettableClock())
    assert rows(engine)["channel:lab"].state == DeliveryState.UNCERTAIN
    chats.instead.clear()
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(minutes=20)))
    assert rows(engine)["channel:lab"].state == DeliveryState.ACCEPTED
    assert len([asked for asked in chats.asked(MATRIX) if asked.method == "PUT"]) == 2
    assert len(chats.texts(MATRIX)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"x" * 1_000_000, 200),
        Answer(b"<html>login</html>", 200),
        Answer(b"", 302, {"Location": "https://127.0.0.1/private"}),
        Answer(b"[" * 50_000, 500),
        Answer(b"[" * 50_000, 429),
        json_answer(429, retry_after="soon", retry_after_ms=[], parameters=3),
        json_answer(429, retry_after=-1e308),
        Answer(b"\xff\xfe\x00", 400),
    ],
    ids=[
        *("a megabyte", "a page", "a redirect to a private address", "deep JSON", "deep JSON of a limit"),
        *("no time", "a time long ago", "bytes"),
    ],
)
@pytest.mark.parametrize(("url", "host"), [(SLACK_URL, SLACK), (MATRIX_URL, MATRIX)])
def test_wrong_answers_defer_the_digest(  # noqa: PLR0913, PLR0917
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config, url: str, host: str, answer: Answer
) -> None:
    subscribe_channel(engine, config, "lab", url)
    plan_for_channels(engine, tmp_path, config)
    chats.instead[host] = lambda _: answer
    deliver(engine, config, SettableClock())
    row = rows(engine)["channel:lab"]
    assert row.state == DeliveryState.DEFERRED, row.reply
    assert len(row.reply) < 400
    assert {asked.headers["host"] for asked in chats.service.requests} == {host}
    assert endpoint_row(engine, "lab").disabled_at is None


@pytest.mark.parametrize("answer", [Answer(raw=[b""]), Answer(raw=[b"this is no HTTP\r\n\r\n"])])
def test_a_digest_without_an_answer_is_sent_twice_more_at_most_and_its_papers_do_not_come_again(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config, answer: Answer
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)
    chats.instead[SLACK] = lambda _: answer
    for hours in range(12):
        deliver(engine, config, SettableClock(AT_EIGHT + timedelta(hours=hours)))
    row = rows(engine)["channel:lab"]
    assert (row.state, row.next_try) == (DeliveryState.UNCERTAIN, None)
    assert len(chats.asked(SLACK)) == 3
    chats.instead.clear()
    ingest_page(engine, tmp_path, ["A Paper of the Next Day"])
    tomorrow = AT_EIGHT + timedelta(days=1)
    plan(engine, config, tomorrow)
    deliver(engine, config, SettableClock(tomorrow))
    (text,) = chats.texts(SLACK)
    assert "A Paper of the Next Day" in text
    assert not any(title in text for title in TITLES)


def test_a_digest_that_was_not_handed_over_waits_for_its_service(
    engine: Engine, tmp_path: Path, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)
    nobody_listens = FetchingConfig.model_validate({"proxy": f"http://127.0.0.1:{free_ports(1)[0]}"})
    deliver(engine, Config(fetching=nobody_listens).located_in(tmp_path), SettableClock())
    assert rows(engine)["channel:lab"].state == DeliveryState.DEFERRED


@pytest.mark.parametrize(
    ("url", "host", "secrets"),
    [
        ("jsons://bot.example.org/hook?+X-Token=s3cr3t-value", BOT, ["s3cr3t-value"]),
        ("jsons://robot-name:s3cr3t-value@bot.example.org/hook", BOT, ["s3cr3t-value", "robot-name"]),
        ("matrixs://robot-name:s3cr3t-value@matrix.example.org/!room123:example.org", MATRIX, ["s3cr3t-value"]),
        (TELEGRAM_URL, "api.telegram.org", ["123456789:AAG0abcdefghijklmnopqrstuvwxyz12345"]),
    ],
)
def test_a_reply_that_quotes_a_request_in_another_form_shows_no_secret(  # noqa: PLR0913, PLR0917
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config, url: str, host: str, secrets: list[str]
) -> None:
    subscribe_channel(engine, config, "lab", url)
    plan_for_channels(engine, tmp_path, config)

    def quote(asked: Asked) -> Answer:
        given = asked.headers.get("authorization", "").removeprefix("Basic ")
        basic = base64.b64decode(given).decode() if given else ""
        token = asked.path.partition("/bot")[2].partition("/")[0]
        return Answer(f"{basic} {token} {asked.headers.get('x-token')} {asked.body.decode()}".encode(), 500)

    chats.instead[host] = quote
    deliver(engine, config, SettableClock())
    row = rows(engine)["channel:lab"]
    assert row.reply.startswith("HTTP 500: ")
    assert not [secret for secret in secrets if secret in row.reply], row.reply


@pytest.mark.parametrize(("url", "host"), [(SLACK_URL, SLACK), (DISCORD_URL, DISCORD), (MATRIX_URL, MATRIX)])
def test_no_secret_is_logged_or_stored_even_if_the_server_quotes_it(  # noqa: PLR0913, PLR0917
    engine: Engine,
    tmp_path: Path,
    chats: ChatServices,
    config: Config,
    caplog: pytest.LogCaptureFixture,
    url: str,
    host: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    subscribe_channel(engine, config, "lab", url)
    plan_for_channels(engine, tmp_path, config)
    chats.instead[host] = lambda asked: Answer(
        f"Cannot {asked.method} {asked.path} {asked.headers.get('authorization')}".encode(), 404
    )
    deliver(engine, config, SettableClock())
    _, outcome = send_test_message(engine, config, "lab", SettableClock())
    row, channel = rows(engine)["channel:lab"], endpoint_row(engine, "lab")
    everything = f"{row}{channel}{outcome}{caplog.text}{(tmp_path / 'store/notifier.db').read_bytes()!r}"
    assert "HTTP 404" in row.reply
    assert not [secret for secret in SECRETS if secret in everything]


def test_the_relay_is_not_taken_for_working_because_a_channel_accepts_digests(
    engine: Engine, tmp_path: Path, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)
    deliver(engine, config, SettableClock())
    with reading(engine) as connection:
        assert results.last_accepted(connection) is None
        assert [(each.kind, each.state, each.number) for each in results.all_counts(connection)] == [
            ("channel", "ACCEPTED", 1)
        ]


def test_options_in_a_url_cannot_turn_plain_text_into_markup_or_let_apprise_wait(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    options = "?format=markdown&ping=@everyone&retry=5&wait=9&redirect=yes&verify=no&rto=999&image=yes&avatar=yes"
    subscribe_channel(engine, config, "ntfy", f"{NTFY_URL}{options}")
    subscribe_channel(engine, config, "discord", f"{DISCORD_URL}{options}")
    plan_for_channels(engine, tmp_path, config)
    deliver(engine, config, SettableClock())
    (asked,) = chats.asked("ntfy.example.org")
    assert "x-markdown" not in asked.headers
    assert "x-icon" not in asked.headers
    (asked,) = chats.asked(DISCORD)
    message = json.loads(asked.body)
    assert "@everyone" not in message["content"]
    assert "allow_mentions" not in message
    chats.instead = {DISCORD: lambda _: Answer(b"", 503)}
    assert send_test_message(engine, config, "discord", SettableClock())[1].reply == "HTTP 503"
    assert len(chats.asked(DISCORD)) == 2


def test_a_url_in_a_file_is_read_at_each_send(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    file = tmp_path / "channel-url"
    file.write_text(f"{SLACK_URL}\n")
    add_channel(engine, config, "lab", ChannelUrl(file=file), AT_EIGHT)
    add_subscriber(engine, SignUp("channel:lab", topics=("all",)))
    plan_for_channels(engine, tmp_path, config)
    file.unlink()
    deliver(engine, config, SettableClock())
    assert f"cannot read the URL of the channel in {file}" in rows(engine)["channel:lab"].reply
    file.write_text(DISCORD_URL)
    deliver(engine, config, SettableClock(AT_EIGHT + timedelta(minutes=10)))
    assert len(chats.texts(DISCORD)) == 1


def test_a_changed_secret_key_defers_the_digest_and_names_the_cure(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)
    (tmp_path / "var/secret.key").write_text("cd" * 32)
    deliver(engine, config, SettableClock())
    assert "`notifier channel set lab`" in rows(engine)["channel:lab"].reply
    assert not chats.service.requests


def test_removing_a_channel_takes_its_subscriptions_and_what_waits_with_it(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)
    assert remove_channel(engine, "lab", AT_EIGHT) == 1
    deliver(engine, config, SettableClock())
    assert not rows(engine)
    assert not chats.service.requests
    subscribe_channel(engine, config, "lab", DISCORD_URL)


def test_channels_work_on_postgresql(postgres_store: Engine, tmp_path: Path, config: Config) -> None:
    subscribe_channel(postgres_store, config, "lab", SLACK_URL)
    send_test_message(postgres_store, config, "lab", SettableClock())
    plan_for_channels(postgres_store, tmp_path, config)
    deliver(postgres_store, config, SettableClock())
    assert rows(postgres_store)["channel:lab"].state == DeliveryState.ACCEPTED
    lines = b"email,query\nchannel:lab,moe\nchannel:other,moe\n"
    assert len(import_content(postgres_store, config, lines, AT_EIGHT).refused) == 1
    assert remove_channel(postgres_store, "lab", AT_EIGHT) == 1


def test_a_channel_that_is_removed_while_it_sends_leaves_nothing_behind(
    engine: Engine, tmp_path: Path, chats: ChatServices, config: Config
) -> None:
    subscribe_channel(engine, config, "lab", SLACK_URL)
    plan_for_channels(engine, tmp_path, config)

    def remove(_: Asked) -> None:
        remove_channel(engine, "lab", AT_EIGHT)

    chats.instead[SLACK] = remove
    deliver(engine, config, SettableClock())
    assert len(chats.texts(SLACK)) == 1
    assert not rows(engine)
