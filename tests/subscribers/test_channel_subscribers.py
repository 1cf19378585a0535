"""A channel is a subscriber that only an operator can subscribe, and to which no mail goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.channels import add_stored_channel
from support.outbox import AT_EIGHT
from support.service import MONDAY, add_subscriber
from support.webhooks import KEY

from notifier import subscribers
from notifier.config import Config, WebConfig
from notifier.errors import UsageError
from notifier.models import EventType, SubscriberState
from notifier.operations.webhooks import WantedWebhook, add_webhook
from notifier.store.engine import reading
from notifier.store.subscribers import everyone
from notifier.store.tables import delivery, request
from notifier.subscribers.subscribing import SignUp

CHANNEL = "channel:lab"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/secret.key").write_text(KEY, encoding="ascii")
    (tmp_path / "var/secret.key").chmod(0o600)
    return Config(web=WebConfig(base_url="https://papers.example.org")).located_in(tmp_path)


@pytest.fixture
def lab(engine: Engine) -> int:
    return add_stored_channel(engine)


def stored_rows(engine: Engine) -> int:
    with reading(engine) as connection:
        return sum(len(connection.execute(select(table.c.id)).all()) for table in (delivery, request))


def test_an_operator_subscribes_a_channel_which_is_active_at_once_and_gets_no_mail(
    engine: Engine, config: Config, lab: int
) -> None:
    stored = subscribers.subscribe_or_send_confirmation(engine, config, SignUp(CHANNEL.upper(), ("moe",)), MONDAY)
    assert (stored.email, stored.state, stored.endpoint_id) == (CHANNEL, SubscriberState.ACTIVE, lab)
    assert stored_rows(engine) == 0
    subscribers.unsubscribe(engine, CHANNEL, MONDAY)
    again = subscribers.subscribe_or_send_confirmation(engine, config, SignUp(CHANNEL, ("pruning",)), MONDAY)
    assert again.state is SubscriberState.ACTIVE
    assert stored_rows(engine) == 0


@pytest.mark.usefixtures("lab")
def test_a_paused_channel_stays_paused_when_it_gets_another_subscription(engine: Engine, config: Config) -> None:
    add_subscriber(engine, SignUp(CHANNEL, ("moe",)))
    subscribers.pause(engine, CHANNEL, None, MONDAY)
    stored = subscribers.subscribe_or_send_confirmation(engine, config, SignUp(CHANNEL, ("pruning",)), MONDAY)
    assert (stored.state, len(stored.subscriptions)) == (SubscriberState.PAUSED, 2)
    assert subscribers.resume(engine, CHANNEL, MONDAY).state is SubscriberState.ACTIVE


@pytest.mark.usefixtures("lab")
def test_nobody_signs_up_or_signs_in_a_channel_or_changes_their_address_to_one(engine: Engine, config: Config) -> None:
    add_subscriber(engine, SignUp(CHANNEL, ("moe",)))
    ann = add_subscriber(engine, SignUp("ann@example.org", ("moe",), confirmed=True))
    refused = pytest.raises(UsageError, match="is not an email address")
    with refused:
        subscribers.request_sign_up(engine, config, SignUp(CHANNEL, ("moe",)), AT_EIGHT)
    with refused:
        subscribers.request_sign_in(engine, config, CHANNEL, AT_EIGHT)
    with refused:
        subscribers.request_address_change(engine, config, ann.id, CHANNEL, AT_EIGHT)
    assert stored_rows(engine) == 0


def test_a_channel_that_does_not_exist_cannot_be_subscribed(engine: Engine) -> None:
    with pytest.raises(UsageError, match="there is no channel lab"):
        add_subscriber(engine, SignUp(CHANNEL, ("moe",)))


@pytest.mark.usefixtures("lab")
def test_webhooks_are_told_of_people_and_not_of_channels(engine: Engine, config: Config) -> None:
    wanted = WantedWebhook("https://bot.example.org/", (EventType.SUBSCRIBER_CONFIRMED,))
    add_webhook(engine, config, wanted, MONDAY)
    add_subscriber(engine, SignUp(CHANNEL, ("moe",)))
    assert stored_rows(engine) == 0
    add_subscriber(engine, SignUp("ann@example.org", ("moe",), confirmed=True))
    assert stored_rows(engine) == 1


@pytest.mark.usefixtures("lab")
def test_a_csv_file_brings_channels_back_and_refuses_those_that_do_not_exist(engine: Engine, config: Config) -> None:
    add_subscriber(engine, SignUp(CHANNEL, ("moe",)))
    exported, _ = subscribers.export_content(engine)
    assert b"channel:lab,ACTIVE,moe" in exported
    subscribers.erase(engine, CHANNEL, MONDAY)
    lines = b"email,state,query\nchannel:other,ACTIVE,moe\nchannel:lab,,moe\nann@example.org,ACTIVE,moe\n"
    report = subscribers.import_content(engine, config, lines, MONDAY)
    assert [each.reason for each in report.refused] == [
        "there is no channel other; `notifier channel add other` adds it",
        "channel:lab was erased here; if they ask for mail again, use `notifier subscribe --confirmed`",
    ]
    add_subscriber(engine, SignUp(CHANNEL, ("pruning",)))
    report = subscribers.import_content(engine, config, b"email,state,query\nchannel:lab,,moe\n", MONDAY)
    assert (report.rows, report.refused) == (1, ())
    with reading(engine) as connection:
        found = {each.email: each for each in everyone(connection)}
    assert found[CHANNEL].state is SubscriberState.ACTIVE
    assert len(found[CHANNEL].subscriptions) == 2


@pytest.mark.usefixtures("lab")
def test_a_channel_cannot_vote_because_people_vote_by_their_own_accounts(engine: Engine) -> None:
    assert subscribers.may_react(add_subscriber(engine, SignUp("ann@example.org", ("moe",), confirmed=True)))
    assert not subscribers.may_react(add_subscriber(engine, SignUp(CHANNEL, ("moe",))))
