"""Digests over relays that others wrote: Postfix, Postfix that asks for TLS and a login, with Dovecot, and Exim."""

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
from support.outbox import AT_EIGHT, readers, states
from support.real_relays import RELAYS, Relay
from support.service import MONDAY, SEEDS, add_page, add_readers, clean_environment, notifier, wait_until
from torture.random_kills import LANES

from notifier.config import load
from notifier.pipeline.ingesting import ingest
from notifier.pipeline.planning import plan
from notifier.store.schema import open_store
from notifier.subscribers.subscribing import SignUp

READERS = 48
HOSTILE = [".\r\n.A Title that Starts with a Dot", "Ünïcode, 論文 and 😀 in a Title", f"{'=2E.' * 60} Long"]
ASKED: tuple[tuple[str, ...], ...] = ((), ("language model",), ("video OR image",), ("agents", "title:learning"))


@pytest.fixture(params=RELAYS)
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    """Each of them."""
    with RELAYS[request.param]() as running:
        yield running


def store_for(relay: Relay, folder: Path, emails: list[str]) -> Engine:
    """A store in `folder` where a digest of the seeds waits for each of these readers."""
    settings = f'[mail]\ntransport = "smtp"\n[smtp]\n{relay.settings}'
    (folder / "config.toml").write_text(settings, encoding="utf-8")
    config = load(folder / "config.toml")
    engine = open_store(config.store_url)
    sign_ups = [
        SignUp(email, queries, ("all",), confirmed=True) for email, queries in zip(emails, cycle(ASKED), strict=False)
    ]
    add_readers(engine, config, sign_ups)
    for seed in SEEDS:
        ingest(engine, seed, None, MONDAY)
    add_page(engine, folder, HOSTILE)
    assert plan(engine, config, AT_EIGHT).digests == len(emails)
    return engine


def into_a_folder(folder: Path) -> list[bytes]:
    """The mails that wait in `folder` as the Maildir transport writes them, which leaves the outbox there alone."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    (copy / "config.toml").write_text('[mail]\ntransport = "maildir"\n', encoding="utf-8")
    done = notifier("deliver", "--now", AT_EIGHT.isoformat(), cwd=copy)
    assert done.returncode == 0, done.stderr
    return [file.read_bytes() for file in copy.glob("var/mail/new/*")]


def by_address(mails: list[bytes]) -> dict[str, bytes]:
    """Mails by whom they are to, with line ends as Unix has them."""
    return {str(message_from_bytes(mail)["To"]): mail.replace(b"\r\n", b"\n") for mail in mails}


def test_each_mail_arrives_once_byte_for_byte_and_only_who_is_refused_is_blamed(relay: Relay, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    kinds = cycle(("reader", "reader", "gone", "reader", "later", "reader"))
    kind_of = {f"{kind}{number}@example.org": kind for number, kind in zip(range(READERS), kinds, strict=False)}
    emails = list(kind_of)
    engine = store_for(relay, folder, emails)
    composed = by_address(into_a_folder(folder))
    assert len(composed) == READERS

    done = notifier("deliver", "--now", AT_EIGHT.isoformat(), cwd=folder)
    assert done.returncode == 0, done.stderr
    expected = {"reader": "ACCEPTED", "gone": "REJECTED", "later": "DEFERRED"}
    assert states(engine) == {email: expected[kind] for email, kind in kind_of.items()}
    blamed = {email for email, state in readers(engine).items() if state == "SUPPRESSED"}
    assert blamed == {email for email, kind in kind_of.items() if kind == "gone"}

    accepted = [email for email, kind in kind_of.items() if kind == "reader"]
    mails = relay.arrived(len(accepted))
    arrived = by_address(mails)
    assert len(mails) == len(arrived)
    assert sorted(arrived) == sorted(accepted)
    for email in accepted:  # a relay writes lines of its own above what it takes
        assert arrived[email].endswith(composed[email])


def test_a_relay_that_is_restarted_amid_the_mail_loses_none_and_gets_none_twice_but_what_was_on_the_wire(
    relay: Relay, tmp_path: Path
) -> None:
    emails = [f"reader{number}@example.org" for number in range(READERS * 3)]
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
    tomorrow = AT_EIGHT + timedelta(days=1)  # by when all that was put off is due again
    assert notifier("deliver", "--now", tomorrow.isoformat(), cwd=tmp_path).returncode == 0
    assert Counter(states(engine).values()) == {"ACCEPTED": len(emails)}
    handed_over = {_handed_over(mail) for mail in relay.arrived(len(emails))}
    assert len({message_id for message_id, _ in handed_over}) == len(emails)
    assert len(handed_over) - len(emails) <= LANES


def _handed_over(mail: bytes) -> tuple[str, str]:
    """Which mail it is, and how the relay noted that it took it: Postfix may repeat it to Dovecot on its own."""
    message = message_from_bytes(mail)
    return str(message["Message-ID"]), str(message.get_all("Received", [])[-1])
