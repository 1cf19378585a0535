"""Delivery runs: the mails that reach the relay, and the rows of the outbox afterwards."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, Row, select
from support.scripted_relay import DROP, HANG, HOST, ScriptedRelay
from support.service import MONDAY, add_subscriber, ingest_page

from notifier.config import Config, MailConfig, SmtpConfig
from notifier.files.owner_locks import owner_is_gone, owner_lock
from notifier.garbage import collecting_seldom
from notifier.mail import Composer
from notifier.models import DeliveryState, SubscriberState
from notifier.pipeline.planning import plan
from notifier.sending import claims as claiming
from notifier.sending.report import DeliveryReport
from notifier.sending.run import keep_sending, send_due
from notifier.sending.sender import Sender, sender_for
from notifier.store import outbox, subscribers, suppressions
from notifier.store.engine import reading, writing
from notifier.store.outbox import LEASE, Settlement
from notifier.store.suppressions import NewSuppression
from notifier.store.tables import delivery
from notifier.subscribers.leaving import unsubscribe
from notifier.subscribers.subscribing import SignUp
from notifier.templates import environment

AT_EIGHT = MONDAY.replace(hour=8)
ANN, BOB = "ann@example.org", "bob@example.org"
ACCEPTED = Settlement(DeliveryState.ACCEPTED, "250 ok", None, 1, 0)


@pytest.fixture
def planned(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """Yield a store with a planned digest for each of two subscribers."""
    for email in (ANN, BOB):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["The Title of a Paper", "Another Paper of Ours"])
    plan(engine, Config(), AT_EIGHT)
    yield engine


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the end of a pause: the clock stands still in these tests, so the pause would never end."""
    monkeypatch.setattr(claiming, "LONGEST_AWAITED_PAUSE", timedelta.resolution)


def sender(engine: Engine, folder: Path, port: int, now: datetime = AT_EIGHT) -> Sender:
    config = Config(
        mail=MailConfig(sender="Daily Papers <papers@example.org>", transport="smtp"),
        smtp=SmtpConfig(host=HOST, port=port, tls="none"),
    )
    return replace(sender_for(engine, config, lambda: now), owners_folder=folder / "owners")


def run(engine: Engine, folder: Path, relay: ScriptedRelay, now: datetime = AT_EIGHT) -> DeliveryReport:
    return asyncio.run(send_due(sender(engine, folder, relay.port, now)))


def rows(engine: Engine) -> dict[str, Row[Any]]:
    with reading(engine) as connection:
        return {row.recipient: row for row in connection.execute(select(delivery))}


def only_for(recipient: str, reply: str) -> Any:
    return lambda line: reply if recipient in line else None


def test_every_digest_is_sent_once(planned: Engine, tmp_path: Path) -> None:
    with ScriptedRelay() as relay:
        assert run(planned, tmp_path, relay).states[DeliveryState.ACCEPTED] == 2
        assert run(planned, tmp_path, relay).states.total() == 0
        assert sorted(kept.recipient for kept in relay.kept) == [ANN, BOB]
        assert {message_from_bytes(kept.content)["Message-ID"] for kept in relay.kept} == {
            row.message_id for row in rows(planned).values()
        }
    assert {(row.state, row.next_try, row.owner) for row in rows(planned).values()} == {("ACCEPTED", None, None)}


def test_a_run_leaves_the_garbage_collector_as_it_was(planned: Engine, tmp_path: Path) -> None:
    before = gc.get_threshold()
    seen = set()

    def record_threshold(_line: str) -> None:
        seen.add(gc.get_threshold()[0])

    with ScriptedRelay({"RCPT": record_threshold}) as relay:
        run(planned, tmp_path, relay)
    assert min(seen) > before[0], "the collector runs seldom while mail is sent"
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_a_service_that_waits_for_mail_leaves_the_garbage_collector_as_it_was(planned: Engine, tmp_path: Path) -> None:
    before = gc.get_threshold()
    stopping = Event()

    async def serve(relay: ScriptedRelay) -> None:
        serving = asyncio.create_task(keep_sending(sender(planned, tmp_path, relay.port), stopping))
        async with asyncio.timeout(20):
            while len(relay.kept) < 2 or gc.get_threshold() != before:
                await asyncio.sleep(0.01)
        assert not serving.done()
        stopping.set()
        await serving

    with ScriptedRelay() as relay:
        asyncio.run(serve(relay))


def test_the_garbage_collector_gets_its_settings_back_only_after_the_last_of_two_runs() -> None:
    before = gc.get_threshold()
    one, other = collecting_seldom(), collecting_seldom()
    for setting in (one, other):
        setting.__enter__()
    one.__exit__(None, None, None)
    assert gc.get_threshold()[0] > before[0], "the other run is still under way"
    other.__exit__(None, None, None)
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_a_deferred_mail_is_sent_again_when_its_next_try_is_due(planned: Engine, tmp_path: Path) -> None:
    with ScriptedRelay({"RCPT": only_for(ANN, "450 4.2.1 later")}) as relay:
        assert run(planned, tmp_path, relay).states[DeliveryState.DEFERRED] == 1
    row = rows(planned)[ANN]
    assert (row.state, row.attempts, row.reply) == ("DEFERRED", 1, "450 4.2.1 later")
    assert timedelta(minutes=4) <= row.next_try - AT_EIGHT <= timedelta(minutes=6)
    with ScriptedRelay() as relay:
        run(planned, tmp_path, relay, row.next_try - timedelta(seconds=1))
        assert relay.kept == []
        run(planned, tmp_path, relay, row.next_try)
        assert [kept.recipient for kept in relay.kept] == [ANN]


def test_a_rejected_address_is_suppressed(planned: Engine, tmp_path: Path) -> None:
    with ScriptedRelay({"RCPT": only_for(ANN, "550 5.1.1 no such user")}) as relay:
        run(planned, tmp_path, relay)
    assert rows(planned)[ANN].state == DeliveryState.REJECTED
    assert rows(planned)[BOB].state == DeliveryState.ACCEPTED
    with reading(planned) as connection:
        found = subscribers.find(connection, ANN)
    assert found is not None
    assert found.state is SubscriberState.SUPPRESSED


def test_a_mail_without_a_reply_to_its_final_dot_is_uncertain_and_sent_again_unchanged_if_no_dump_is_new(
    planned: Engine, tmp_path: Path
) -> None:
    unsubscribe(planned, BOB, AT_EIGHT)
    now, contents = AT_EIGHT, []
    for attempt in range(1, 4):
        with ScriptedRelay({"DOT": DROP}) as relay:
            run(planned, tmp_path, relay, now)
            contents.append([seen.line for seen in relay.seen if seen.line not in ("QUIT",)])
        row = rows(planned)[ANN]
        assert (row.state, row.uncertain) == (DeliveryState.UNCERTAIN, attempt)
        now += timedelta(minutes=15)
    assert row.next_try is None
    assert contents[0] == contents[1] == contents[2]


def test_a_mail_whose_connection_is_lost_before_the_dot_is_deferred(planned: Engine, tmp_path: Path) -> None:
    unsubscribe(planned, BOB, AT_EIGHT)
    with ScriptedRelay({"DATA": DROP}) as relay:
        run(planned, tmp_path, relay)
    assert rows(planned)[ANN].state == DeliveryState.DEFERRED


def test_a_relay_that_cannot_be_reached_defers_one_mail_and_ends_the_run(planned: Engine, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as closed:
        port = closed.getsockname()[1]
    report = asyncio.run(send_due(sender(planned, tmp_path, port)))
    assert report.pause_reason
    assert sorted(row.state for row in rows(planned).values()) == ["DEFERRED", "PENDING"]


def test_no_mail_command_is_sent_for_a_subscriber_who_unsubscribed_after_the_claim(
    planned: Engine, tmp_path: Path
) -> None:
    def unsubscribe_both(_line: str) -> None:
        unsubscribe(planned, ANN, AT_EIGHT)
        unsubscribe(planned, BOB, AT_EIGHT)

    with ScriptedRelay({"EHLO": unsubscribe_both}) as relay:
        run(planned, tmp_path, relay)
        assert "MAIL" not in relay.verbs()
    assert {row.state for row in rows(planned).values()} == {"CANCELLED"}


def test_a_mail_that_cannot_be_composed_does_not_stop_the_others(planned: Engine, tmp_path: Path) -> None:
    with writing(planned) as connection:
        connection.execute(delivery.update().where(delivery.c.recipient == ANN).values(subject="broken\nsubject"))
    with ScriptedRelay() as relay:
        report = run(planned, tmp_path, relay)
        assert [kept.recipient for kept in relay.kept] == [BOB]
    assert report.states[DeliveryState.FAILED] == 1
    assert rows(planned)[ANN].reply


def test_mail_is_deferred_while_its_template_fails_and_sent_when_the_template_is_repaired(
    planned: Engine, tmp_path: Path
) -> None:
    (tmp_path / "mine" / "email").mkdir(parents=True)
    broken = tmp_path / "mine" / "email" / "digest.html.j2"
    broken.write_text("{{ nosuch.thing }}", encoding="utf-8")
    with ScriptedRelay() as relay:
        usual = sender(planned, tmp_path, relay.port)
        failing = replace(usual, composer=Composer(usual.composer.settings, environment(tmp_path / "mine")))
        report = asyncio.run(send_due(failing))
        assert report.states[DeliveryState.DEFERRED] == 2
        assert all("digest.html.j2" in reason for reason in report.reasons)
        broken.unlink()
        run(planned, tmp_path, relay, AT_EIGHT + timedelta(hours=1))
        assert sorted(kept.recipient for kept in relay.kept) == [ANN, BOB]


def test_a_template_that_fails_for_one_subscriber_does_not_stop_the_other_mails(
    planned: Engine, tmp_path: Path
) -> None:
    with writing(planned) as connection:
        connection.execute(delivery.update().where(delivery.c.recipient == ANN).values(subject="Another subject"))
    (tmp_path / "mine" / "email").mkdir(parents=True)
    template = "{% if subject == 'Another subject' %}{{ nosuch.thing }}{% endif %}a digest"
    (tmp_path / "mine" / "email" / "digest.html.j2").write_text(template, encoding="utf-8")
    with ScriptedRelay() as relay:
        usual = sender(planned, tmp_path, relay.port)
        mine = replace(usual, composer=Composer(usual.composer.settings, environment(tmp_path / "mine")))
        report = asyncio.run(send_due(mine))
        assert [kept.recipient for kept in relay.kept] == [BOB]
    assert (report.states[DeliveryState.DEFERRED], report.pause_reason) == (1, None)
    assert "digest.html.j2" in rows(planned)[ANN].reply


def test_no_mail_command_is_sent_for_a_subscriber_who_was_suppressed_after_the_claim(
    planned: Engine, tmp_path: Path
) -> None:
    def suppress(_line: str) -> None:
        with writing(planned) as connection:
            suppressions.suppress(connection, [NewSuppression(1, "550 no"), NewSuppression(2, "550 no")], AT_EIGHT)

    with ScriptedRelay({"EHLO": suppress}) as relay:
        run(planned, tmp_path, relay)
        assert "MAIL" not in relay.verbs()
    assert {row.state for row in rows(planned).values()} == {"CANCELLED"}


def test_a_row_has_one_owner(planned: Engine) -> None:
    with writing(planned) as connection:
        (first,) = outbox.claim(connection, "one/a", AT_EIGHT, 1)
        (second,) = outbox.claim(connection, "two/b", AT_EIGHT, 50)
        assert outbox.claim(connection, "two/b", AT_EIGHT, 50) == []
    assert first.id != second.id


def test_a_result_of_an_old_epoch_is_dropped(planned: Engine) -> None:
    later = AT_EIGHT + LEASE
    with writing(planned) as connection:
        (slow, _) = outbox.claim(connection, "one/a", AT_EIGHT, 2)
        (again,) = outbox.claim(connection, "two/b", later, 1)
        assert (again.id, again.epoch) == (slow.id, slow.epoch + 1)
        assert outbox.settle(connection, [(slow, ACCEPTED)], later) == set()
        assert outbox.settle(connection, [(again, ACCEPTED)], later) == {again.id}


def test_a_renewed_lease_is_not_taken_over(planned: Engine) -> None:
    with writing(planned) as connection:
        outbox.claim(connection, "one/a", AT_EIGHT, 2)
        outbox.renew(connection, "one/a", AT_EIGHT + LEASE / 2)
        assert outbox.claim(connection, "two/b", AT_EIGHT + LEASE, 2) == []
        assert len(outbox.claim(connection, "two/b", AT_EIGHT + LEASE * 1.5, 2)) == 2


def test_the_leases_of_a_process_that_has_died_are_taken_over_at_once(planned: Engine, tmp_path: Path) -> None:
    owners = tmp_path / "owners"
    with owner_lock(owners) as alive:
        name = alive.rpartition("/")[2]
        assert not owner_is_gone(owners, alive)
    (owners / name).touch()  # a killed process leaves its lock file behind
    with writing(planned) as connection:
        outbox.claim(connection, alive, AT_EIGHT, 2)
    with ScriptedRelay() as relay:
        assert run(planned, tmp_path, relay).states[DeliveryState.ACCEPTED] == 2
    assert list(owners.iterdir()) == []


def test_an_owner_on_another_machine_or_without_a_lock_file_may_be_alive(tmp_path: Path) -> None:
    here = f"{socket.gethostname()}/{'0' * 32}"
    assert not owner_is_gone(tmp_path, here)
    (tmp_path / ("0" * 32)).touch()
    assert owner_is_gone(tmp_path, here)
    assert not owner_is_gone(tmp_path, f"another-machine/{'0' * 32}")
    assert not owner_is_gone(tmp_path, "../../etc/passwd")


def test_the_unsettled_claims_of_a_cancelled_run_are_released(planned: Engine, tmp_path: Path) -> None:
    async def cancel_while_the_relay_hangs() -> None:
        with ScriptedRelay({"RCPT": HANG}) as relay:
            task = asyncio.create_task(send_due(sender(planned, tmp_path, relay.port)))
            while not relay.hung.is_set():
                await asyncio.sleep(0.001)
            assert sorted(row.state for row in rows(planned).values()) == ["LEASED", "LEASED"]
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancel_while_the_relay_hangs())
    assert {(row.state, row.owner, row.in_doubt) for row in rows(planned).values()} == {("PENDING", None, True)}
    assert list((tmp_path / "owners").iterdir()) == []


def test_without_a_relay_the_mail_is_written_to_a_maildir(planned: Engine, tmp_path: Path) -> None:
    config = Config().located_in(tmp_path)
    asyncio.run(send_due(sender_for(planned, config, lambda: AT_EIGHT)))
    mails = [message_from_bytes(file.read_bytes()) for file in (tmp_path / "var" / "mail" / "new").iterdir()]
    assert sorted(mail["To"] for mail in mails) == [ANN, BOB]
