"""Digests sent to real mail servers: Postfix, Postfix with TLS and a login that Dovecot checks, and Exim."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.outbox import AT_EIGHT, states, subscriber_states
from support.real_relays import MISTRUSTING_RELAYS, RELAYS, Relay
from support.service import (
    MONDAY,
    SEEDS,
    add_subscribers,
    clean_environment,
    ingest_page,
    open_simulated_store,
    run_notifier,
    wait_until,
)
from torture.random_kills import CONNECTIONS

from notifier.config import MailConfig, load
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.planning import plan
from notifier.subscribers.subscribing import SignUp

SUBSCRIBERS = 48
HOSTILE = [".\r\n.A Title that Starts with a Dot", "Ünïcode, 論文 and 😀 in a Title", f"{'=2E.' * 60} Long"]
QUERIES: tuple[tuple[str, ...], ...] = ((), ("language model",), ("video OR image",), ("agents", "title:learning"))


@pytest.fixture(params=RELAYS)
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    """Run each of the mail servers."""
    with RELAYS[request.param]() as running:
        yield running


def store_for(relay: Relay, folder: Path, emails: list[str], sender: str = MailConfig().sender) -> Engine:
    """Make a store in `folder` with a planned digest of the seeds for each of these addresses."""
    settings = f'[mail]\nsender = "{sender}"\ntransport = "smtp"\n[smtp]\n{relay.settings}'
    (folder / "config.toml").write_text(settings, encoding="utf-8")
    config = load(folder / "config.toml")
    engine = open_simulated_store(config.store_url)
    sign_ups = [
        SignUp(email, queries, ("all",), confirmed=True) for email, queries in zip(emails, cycle(QUERIES), strict=False)
    ]
    add_subscribers(engine, config, sign_ups)
    for seed in SEEDS:
        ingest(engine, seed, None, MONDAY)
    ingest_page(engine, folder, HOSTILE)
    assert plan(engine, config, AT_EIGHT).digests == len(emails)
    return engine


def mails_by_maildir(folder: Path) -> list[bytes]:
    """Return the mails that are due in `folder` as the Maildir transport writes them; the outbox does not change."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    (copy / "config.toml").write_text('[mail]\ntransport = "maildir"\n', encoding="utf-8")
    done = run_notifier("deliver", "--now", AT_EIGHT.isoformat(), cwd=copy)
    assert done.returncode == 0, done.stderr
    return [file.read_bytes() for file in copy.glob("var/mail/new/*")]


def by_address(mails: list[bytes]) -> dict[str, bytes]:
    """Return mails by recipient, with LF at the end of lines."""
    return {str(message_from_bytes(mail)["To"]): mail.replace(b"\r\n", b"\n") for mail in mails}


def test_each_mail_arrives_once_byte_for_byte_and_only_rejected_subscribers_are_suppressed(
    relay: Relay, tmp_path: Path
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    kinds = cycle(("accepted", "accepted", "gone", "accepted", "later", "accepted"))
    kind_of = {f"{kind}{number}@example.org": kind for number, kind in zip(range(SUBSCRIBERS), kinds, strict=False)}
    emails = list(kind_of)
    engine = store_for(relay, folder, emails)
    composed = by_address(mails_by_maildir(folder))
    assert len(composed) == SUBSCRIBERS

    done = run_notifier("deliver", "--now", AT_EIGHT.isoformat(), cwd=folder)
    assert done.returncode == 0, done.stderr
    expected = {"accepted": "ACCEPTED", "gone": "REJECTED", "later": "DEFERRED"}
    assert states(engine) == {email: expected[kind] for email, kind in kind_of.items()}
    suppressed = {email for email, state in subscriber_states(engine).items() if state == "SUPPRESSED"}
    assert suppressed == {email for email, kind in kind_of.items() if kind == "gone"}

    accepted = [email for email, kind in kind_of.items() if kind == "accepted"]
    mails = relay.arrived(len(accepted))
    arrived = by_address(mails)
    assert len(mails) == len(arrived)
    assert sorted(arrived) == sorted(accepted)
    for email in accepted:  # a mail server adds header lines above the mail
        assert arrived[email].endswith(composed[email])


def test_a_restart_of_the_relay_loses_no_mail_and_repeats_only_mails_being_sent(relay: Relay, tmp_path: Path) -> None:
    emails = [f"subscriber{number}@example.org" for number in range(SUBSCRIBERS * 3)]
    engine = store_for(relay, tmp_path, emails)
    with (tmp_path / "config.toml").open("a", encoding="utf-8") as config:
        config.write("rate_per_second = 50\n")
    deliver = [sys.executable, "-m", "notifier", "deliver", "--now", AT_EIGHT.isoformat()]
    with subprocess.Popen(deliver, cwd=tmp_path, env=clean_environment()) as run:
        try:
            wait_until(lambda: any(relay.inbox.glob("new/*")))
            assert run.poll() is None
            relay.restart()
            run.wait(120)
        finally:
            run.kill()
    tomorrow = AT_EIGHT + timedelta(days=1)  # when all deferred mails are due again
    assert run_notifier("deliver", "--now", tomorrow.isoformat(), cwd=tmp_path).returncode == 0
    assert Counter(states(engine).values()) == {"ACCEPTED": len(emails)}
    transfers = {_transfer(mail) for mail in relay.arrived(len(emails))}
    assert len({message_id for message_id, _ in transfers}) == len(emails)
    assert len(transfers) - len(emails) <= CONNECTIONS


@pytest.mark.parametrize("name", MISTRUSTING_RELAYS)
def test_a_relay_that_refuses_each_recipient_because_of_us_suppresses_nobody_and_is_paused(
    name: str, tmp_path: Path
) -> None:
    emails = [f"subscriber{number}@example.org" for number in range(SUBSCRIBERS)]
    with MISTRUSTING_RELAYS[name]() as relay:
        engine = store_for(relay, tmp_path, emails, sender="Daily Papers <papers@example.org>")
        done = run_notifier("deliver", "--now", AT_EIGHT.isoformat(), cwd=tmp_path)
        assert relay.arrived(0) == []
    assert done.returncode == 1
    assert "the relay is paused: 10 recipients of example.org in a row got the same refusal: 550" in done.stderr
    assert set(subscriber_states(engine).values()) == {"ACTIVE"}
    assert set(states(engine).values()) == {"DEFERRED", "PENDING"}
    status = run_notifier("status", "--now", AT_EIGHT.isoformat(), cwd=tmp_path).stdout
    assert "relay        paused until" in status
    engine.dispose()


def _transfer(mail: bytes) -> tuple[str, str]:
    """Return the Message-ID and the last Received line, which identifies the transfer from notifier to the relay.

    The test counts transfers and not the mails in the inbox, because Postfix may pass a mail to Dovecot twice although
    notifier has sent the mail once.
    """
    message = message_from_bytes(mail)
    return str(message["Message-ID"]), str(message.get_all("Received", [])[-1])
