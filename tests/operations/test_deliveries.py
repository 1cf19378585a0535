"""What operators do with single deliveries: list, show, retry and hold."""

from __future__ import annotations

import json
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.scripted_relay import ScriptedRelay
from support.service import MONDAY, add_subscriber, ingest_page, plan_digests, run_notifier

from notifier.config import Config, load, secret_key
from notifier.errors import UsageError
from notifier.models import DeliveryState
from notifier.operations import find_delivery, hold_delivery, hold_waiting_deliveries, retry_delivery, service_status
from notifier.pipeline.planning import plan
from notifier.sending import mail_of, sender_for
from notifier.signing import ReturnPaths
from notifier.store import outbox
from notifier.store.engine import reading, writing
from notifier.store.outbox import Settlement
from notifier.store.schema import open_store
from notifier.store.tables import delivery
from notifier.subscribers.leaving import unsubscribe
from notifier.subscribers.subscribing import SignUp

AT_EIGHT = MONDAY.replace(hour=8)
ANN = "ann@example.org"


@pytest.fixture
def planned(engine: Engine, tmp_path: Path) -> Engine:
    """Return a store with one waiting digest."""
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["The Title of a Paper", "Another Paper of Ours"])
    plan(engine, Config(), AT_EIGHT)
    return engine


def state(engine: Engine) -> str:
    with reading(engine) as connection:
        return str(connection.scalar(select(delivery.c.state)))


def settle(engine: Engine, state: DeliveryState) -> None:
    with writing(engine) as connection:
        claims = outbox.claim(connection, "some sender", AT_EIGHT, 1)
        outbox.settle(connection, [(claims[0], Settlement(state, "the reply", None, 1, 0))], AT_EIGHT)


def count_claimable(engine: Engine) -> int:
    with writing(engine) as connection:
        return len(outbox.claim(connection, "some sender", AT_EIGHT, 50))


def test_a_held_delivery_is_sent_only_after_a_retry(planned: Engine) -> None:
    hold_delivery(planned, 1, AT_EIGHT)
    assert (state(planned), count_claimable(planned)) == ("HELD", 0)
    retry_delivery(planned, 1)
    assert (state(planned), count_claimable(planned)) == ("PENDING", 1)


@pytest.mark.parametrize("before", [DeliveryState.FAILED, DeliveryState.UNCERTAIN, DeliveryState.REJECTED])
def test_a_delivery_that_was_not_accepted_is_due_at_once_when_retried(planned: Engine, before: DeliveryState) -> None:
    settle(planned, before)
    assert count_claimable(planned) == 0
    retry_delivery(planned, 1)
    assert count_claimable(planned) == 1


@pytest.mark.parametrize(
    "before", [DeliveryState.ACCEPTED, DeliveryState.CANCELLED, DeliveryState.EXPIRED, DeliveryState.SKIPPED]
)
def test_a_delivery_that_is_done_can_be_neither_retried_nor_held(planned: Engine, before: DeliveryState) -> None:
    settle(planned, before)
    with pytest.raises(UsageError, match=f"delivery 1 is {before} and stays so"):
        retry_delivery(planned, 1)
    with pytest.raises(UsageError, match=f"delivery 1 is {before} and stays so"):
        hold_delivery(planned, 1, AT_EIGHT)


def test_a_leased_delivery_cannot_be_held(planned: Engine) -> None:
    assert count_claimable(planned) == 1
    with pytest.raises(UsageError, match="a sender is sending it"):
        hold_delivery(planned, 1, AT_EIGHT)


def test_a_delivery_to_a_subscriber_who_left_cannot_be_retried(planned: Engine) -> None:
    settle(planned, DeliveryState.FAILED)
    unsubscribe(planned, ANN, AT_EIGHT)
    with pytest.raises(UsageError, match="UNSUBSCRIBED"):
        retry_delivery(planned, 1)


@pytest.mark.slow
def test_the_mail_that_is_shown_is_the_mail_that_is_sent(tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        plan_digests(1, tmp_path, relay.port)
        engine, config = open_store(load(tmp_path / "config.toml").store_url), load(tmp_path / "config.toml")
        listed, mail = find_delivery(engine, 1), mail_of(sender_for(engine, config, lambda: AT_EIGHT), 1)
        engine.dispose()
        assert run_notifier("deliver", cwd=tmp_path).returncode == 0
        assert relay.kept[0].content == mail.content
    assert (listed.recipient, listed.state) == ("subscriber0@example.org", "PENDING")


@pytest.mark.slow
def test_the_commands_list_show_hold_and_retry_deliveries(tmp_path: Path) -> None:
    plan_digests(2, tmp_path, 1)
    listed = json.loads(run_notifier("deliveries", "--json", cwd=tmp_path).stdout)
    assert [(each["id"], each["recipient"], each["state"]) for each in listed] == [
        (2, "subscriber1@example.org", "PENDING"),
        (1, "subscriber0@example.org", "PENDING"),
    ]
    source = run_notifier("deliveries", "show", "1", "--source", cwd=tmp_path).stdout
    assert message_from_bytes(source.encode())["Message-ID"] == listed[1]["message_id"]
    assert "<html" in run_notifier("deliveries", "show", "1", "--html", cwd=tmp_path).stdout
    assert "The Title of a Paper" in run_notifier("deliveries", "show", "1", cwd=tmp_path).stdout
    assert run_notifier("deliveries", "hold", "1", cwd=tmp_path).returncode == 0
    assert "HELD" in run_notifier("deliveries", cwd=tmp_path).stdout
    assert run_notifier("deliveries", "retry", "1", cwd=tmp_path).returncode == 0
    missing = run_notifier("deliveries", "show", "3", cwd=tmp_path)
    assert (missing.returncode, missing.stderr) == (
        2,
        "notifier: there is no delivery 3; `notifier deliveries` lists them\n",
    )


def test_status_shows_the_age_of_the_oldest_waiting_delivery(planned: Engine) -> None:
    found = service_status(planned, Config(), AT_EIGHT + timedelta(hours=2))
    assert (found.oldest, found.pause) == ({"PENDING": 7200}, None)
    settle(planned, DeliveryState.ACCEPTED)
    assert service_status(planned, Config(), AT_EIGHT).oldest == {}


@pytest.mark.slow
def test_a_relay_that_refuses_connections_shows_in_exit_code_and_status(tmp_path: Path) -> None:
    with ScriptedRelay({"GREETING": "554 5.7.1 not you"}) as relay:
        plan_digests(1, tmp_path, relay.port)
        run = run_notifier("deliver", cwd=tmp_path)
        again = run_notifier("deliver", cwd=tmp_path)
        assert relay.connections == 1, "the relay is paused"
    assert run.returncode == 1
    assert "554 5.7.1 not you" in run.stderr
    assert again.returncode == 0, "this run has paused nothing"
    shown = run_notifier("status", cwd=tmp_path).stdout
    assert "paused until" in shown
    assert json.loads(run_notifier("status", "--json", cwd=tmp_path).stdout)["pause"]["reason"] == "554 5.7.1 not you"


def test_a_pause_that_senders_ignore_after_a_wrong_clock_is_not_shown_as_one_that_lasts_years(tmp_path: Path) -> None:
    with ScriptedRelay({"GREETING": "554 5.7.1 not you"}) as relay:
        plan_digests(1, tmp_path, relay.port)
        assert run_notifier("deliver", "--now", "2036-07-06T08:00:00Z", cwd=tmp_path).returncode == 1
    status = ("status", "--now", AT_EIGHT.isoformat())
    assert "was paused, the next mail tests it: 554 5.7.1 not you" in run_notifier(*status, cwd=tmp_path).stdout
    assert json.loads(run_notifier(*status, "--json", cwd=tmp_path).stdout)["pause"]["until"] is None
    assert "paused until 2036-07-06" in run_notifier("status", "--now", "2036-07-06T08:00:01Z", cwd=tmp_path).stdout


def test_every_run_with_mail_for_a_paused_relay_says_that_it_is_paused(tmp_path: Path) -> None:
    with ScriptedRelay({"GREETING": "554 5.7.1 not you"}) as relay:
        plan_digests(2, tmp_path, relay.port)
        first, again = (run_notifier("deliver", "--now", AT_EIGHT.isoformat(), cwd=tmp_path) for _ in range(2))
        assert relay.connections == 1
    assert (first.returncode, first.stdout) == (1, "mail: 1 deferred\n")
    assert (again.returncode, again.stdout) == (0, "mail: nothing to send\n")
    assert again.stderr == "notifier: the relay is paused: 554 5.7.1 not you; check [smtp], then `notifier status`\n"


def test_a_mailbox_for_bounces_gives_each_mail_its_own_return_path(tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        plan_digests(2, tmp_path, relay.port)
        config = tmp_path / "config.toml"
        text = config.read_text(encoding="utf-8").replace("[mail]\n", '[mail]\nenvelope = "bounces@example.org"\n')
        config.write_text(text, encoding="utf-8")
        assert run_notifier("init", cwd=tmp_path).returncode == 0
        assert run_notifier("deliver", cwd=tmp_path).returncode == 0
        paths = {kept.recipient: kept.sender for kept in relay.kept}
    bounces = ReturnPaths("bounces@example.org", secret_key(load(config)))
    assert paths["subscriber0@example.org"] == bounces.return_path(1)
    assert paths["subscriber1@example.org"] == bounces.return_path(2)


def test_all_waiting_deliveries_are_held_except_those_that_a_sender_sends_now(planned: Engine, tmp_path: Path) -> None:
    add_subscriber(planned, SignUp("bob@example.org", topics=("all",), confirmed=True))
    plan(planned, Config(), AT_EIGHT)
    with writing(planned) as connection:
        outbox.claim(connection, "some sender", AT_EIGHT, 1)
    planned.dispose()
    (tmp_path / "config.toml").write_text(f'[store]\nurl = "{planned.url}"\n', encoding="utf-8")
    held = run_notifier("deliveries", "hold", "--all", "--now", AT_EIGHT.isoformat(), cwd=tmp_path)
    assert (held.returncode, held.stdout.partition(";")[0]) == (2, "")  # a clock that is far from that of the machine
    assert hold_waiting_deliveries(planned, AT_EIGHT) == (1, 1)
    assert hold_waiting_deliveries(planned, AT_EIGHT.replace(hour=9)) == (1, 0)  # the lease is over
    assert count_claimable(planned) == 0
    held = run_notifier("deliveries", "hold", "--all", cwd=tmp_path)
    assert (held.returncode, held.stdout.partition(";")[0]) == (0, "0 deliveries HELD")


def test_hold_takes_either_a_number_or_all(planned: Engine, tmp_path: Path) -> None:
    for arguments in ((), ("1", "--all")):
        run = run_notifier("deliveries", "hold", *arguments, cwd=tmp_path)
        assert (run.returncode, "either the number of a delivery or --all" in run.stderr) == (2, True)
    assert state(planned) == "PENDING"


def test_a_number_that_no_delivery_of_postgresql_can_have_is_no_delivery(postgres_store: Engine) -> None:
    with pytest.raises(UsageError, match="there is no delivery"):
        find_delivery(postgres_store, 1 << 40)
