"""Notices and welcome mails go out over SMTP by the same claims and results as digests, and before them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.outbox import SettableClock
from support.scripted_relay import HOST, ScriptedRelay
from support.service import MONDAY, add_subscriber, ingest_page, run_notifier
from support.sign_ups import ANN, BOB, confirmed, mails, recipients, sign_up
from support.web_site import write_config

from notifier.config import Config, SmtpConfig
from notifier.delivery.inbox import Inbox
from notifier.models import DeliveryKind, DeliveryState
from notifier.pipeline import plan, plan_welcomes
from notifier.sending import Sender, mail_of, send_due, sender_for
from notifier.subscribers import pause, request_sign_in, unsubscribe
from notifier.subscribers.subscribing import SignUp

AT_EIGHT = MONDAY.replace(hour=8)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return write_config(tmp_path)


def sender_to(engine: Engine, config: Config, port: int) -> Sender:
    mail = config.mail.model_copy(update={"transport": "smtp"})
    smtp = SmtpConfig(host=HOST, port=port, tls="none", lanes=1)
    changed = config.model_copy(update={"mail": mail, "smtp": smtp})
    return sender_for(engine, changed, SettableClock(AT_EIGHT))


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(tmp_path / "inbox") as opened:
        yield opened


def test_all_kinds_of_mail_reach_the_inbox_and_are_settled(
    engine: Engine, tmp_path: Path, config: Config, inbox: Inbox
) -> None:
    ingest_page(engine, tmp_path, ["The Title of a Paper"])
    confirmed(engine)
    plan_welcomes(engine, config, MONDAY)
    request_sign_in(engine, config, ANN, MONDAY)
    report = asyncio.run(send_due(sender_to(engine, config, inbox.port)))
    assert report.states[DeliveryState.ACCEPTED] == 3
    sent = [message_from_bytes(mail.content, policy=policy.default) for mail in inbox.mails]
    assert sorted(mail["Subject"] for mail in sent) == [
        "Please confirm: Daily Papers",
        "Sign in to Daily Papers",
        "Welcome to Daily Papers",
    ]
    assert {row.state for row in mails(engine)} == {"ACCEPTED"}


def test_they_go_out_before_the_digests_that_wait(engine: Engine, tmp_path: Path, config: Config) -> None:
    for number in range(5):
        add_subscriber(engine, SignUp(f"reader{number}@example.org", topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["The Title of a Paper"])
    plan(engine, config, AT_EIGHT)
    sign_up(engine)
    order: list[str] = []
    with ScriptedRelay({"RCPT": order.append}) as relay:
        asyncio.run(send_due(sender_to(engine, config, relay.port)))
    assert len(order) == 6
    assert ANN in order[0]


@pytest.mark.parametrize("state", ["paused", "unsubscribed"])
def test_somebody_who_gets_no_digests_still_gets_the_link_that_they_asked_for(
    engine: Engine, config: Config, inbox: Inbox, state: str
) -> None:
    add_subscriber(engine, SignUp(ANN, confirmed=True))
    if state == "paused":
        pause(engine, ANN, None, MONDAY)
    else:
        unsubscribe(engine, ANN, MONDAY)
    request_sign_in(engine, config, ANN, MONDAY)
    asyncio.run(send_due(sender_to(engine, config, inbox.port)))
    assert [row.state for row in mails(engine)] == ["ACCEPTED"]


def test_a_deferred_notice_is_sent_again_with_the_same_bytes(engine: Engine, config: Config) -> None:
    sign_up(engine)
    sender = sender_to(engine, config, 1)
    first = mail_of(sender, mails(engine)[0].id)
    sign_up(engine, topics=("trending",))
    assert mail_of(replace(sender), mails(engine)[0].id).content == first.content


def test_a_refused_address_of_a_stranger_suppresses_nobody_and_stops_nothing(engine: Engine, config: Config) -> None:
    sign_up(engine)
    sign_up(engine, BOB)

    def refuse_ann(line: str) -> str | None:
        return "550 5.1.1 no such user" if ANN in line else None

    with ScriptedRelay({"RCPT": refuse_ann}) as relay:
        asyncio.run(send_due(sender_to(engine, config, relay.port)))
    assert [(row.recipient, row.state) for row in mails(engine)] == [(ANN, "REJECTED"), (BOB, "ACCEPTED")]


def test_without_a_base_url_a_notice_that_waits_fails_with_the_cure(
    engine: Engine, tmp_path: Path, inbox: Inbox
) -> None:
    sign_up(engine)
    asyncio.run(send_due(sender_to(engine, write_config(tmp_path, base_url=""), inbox.port)))
    (row,) = mails(engine)
    assert (row.state, "base_url" in row.reply) == ("FAILED", True)


def test_the_command_line_queues_a_confirmation_and_says_what_happens_next(tmp_path: Path) -> None:
    write_config(tmp_path)
    first = run_notifier("subscribe", ANN, "--topic", "all", cwd=tmp_path)
    assert "a mail that asks them to confirm waits in the outbox; `notifier deliver` sends it" in first.stdout
    again = run_notifier("subscribe", ANN, "--topic", "trending", cwd=tmp_path)
    assert "they get no second one yet" in again.stdout
    assert "ACCEPTED" not in again.stdout
    sent = run_notifier("deliver", cwd=tmp_path)
    assert (sent.returncode, sent.stderr) == (0, "")
    (mail,) = (tmp_path / "mail" / "new").iterdir()
    assert b"/confirm/" in mail.read_bytes()
    assert "confirm" not in run_notifier("subscribe", BOB, "--confirmed", cwd=tmp_path).stdout


def test_the_command_line_says_that_no_confirmation_is_possible_without_pages(tmp_path: Path) -> None:
    run = run_notifier("subscribe", ANN, cwd=tmp_path)
    assert (run.returncode, "[web] base_url is not set" in run.stdout) == (0, True)


def test_a_row_says_what_kind_of_mail_it_is(engine: Engine) -> None:
    sign_up(engine)
    assert recipients(engine) == [(DeliveryKind.CONFIRMATION, ANN)]
