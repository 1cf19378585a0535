"""Returned mail and replies on their whole way: through a real Postfix, and back by a pipe, a Maildir or IMAP."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.mail_door import MailServer, mail_server
from support.outbox import AT_EIGHT, SettableClock, subscriber_states
from support.real_relays import PASSWORD
from support.returned_messages import message
from support.scripted_relay import HOST
from support.service import add_subscriber, ingest_page, open_simulated_store, wait_until
from support.smtp import AUTHORITY

from notifier.config import Config, load
from notifier.errors import InboxError
from notifier.operations import service_status
from notifier.operations.doctor.findings import State as DoctorState
from notifier.operations.doctor.inbox import check_inbox
from notifier.operations.doctor.setup import Setup
from notifier.pipeline.planning import plan
from notifier.returned import InboxReport, read_inbox
from notifier.sending import send_due, sender_for
from notifier.store import reading
from notifier.store.tables import delivery, returned
from notifier.subscribers import SignUp

pytestmark = pytest.mark.slow
GONE, FULL = "gone@elsewhere.example", "full@elsewhere.example"


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


class Service:
    """A service whose mail goes to Postfix, and comes back to a domain of Postfix."""

    def __init__(self, server: MailServer, folder: Path, domain: str, inbox: str) -> None:
        (folder / "secret.key").write_text("ab" * 32, encoding="ascii")
        (folder / "secret.key").chmod(0o600)
        self.folder, self.ann = folder, f"ann@{domain}"
        text = (
            f'secret_file = "secret.key"\n[mail]\ntransport = "smtp"\nsender = "Papers <papers@{domain}>"\n'
            f'envelope = "bounces@{domain}"\n{inbox}\n[smtp]\nhost = "{HOST}"\nport = {server.port}\ntls = "none"\n'
        )
        (folder / "config.toml").write_text(text, encoding="utf-8")
        self.engine: Engine = open_simulated_store(self.config.store_url)
        for email in (GONE, FULL, self.ann):
            add_subscriber(self.engine, SignUp(email, topics=("all",), confirmed=True), settings=self.config)
        ingest_page(self.engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
        plan(self.engine, self.config, AT_EIGHT)

    @property
    def config(self) -> Config:
        return load(self.folder / "config.toml")

    def send(self) -> None:
        asyncio.run(send_due(sender_for(self.engine, self.config, SettableClock())))

    def read(self) -> InboxReport:
        report = read_inbox(self.engine, self.config, lambda: AT_EIGHT)
        assert report is not None
        return report

    def reply(self) -> bytes:
        """Return a reply of Ann to her digest."""
        with reading(self.engine) as connection:
            mine = select(delivery.c.message_id).where(delivery.c.recipient == self.ann)
            message_id = connection.scalars(mine).one()
        return message("reply-unsubscribe", message_id=message_id, recipient=self.ann)

    def kinds(self) -> list[str]:
        with reading(self.engine) as connection:
            return sorted(connection.scalars(select(returned.c.kind)))

    def assert_all_came_back(self) -> None:
        assert self.kinds() == ["auto-reply", "hard", "soft", "unsubscribe"]  # the first is the digest of Ann
        expected = {GONE: "SUPPRESSED", FULL: "ACTIVE", self.ann: "UNSUBSCRIBED"}
        assert subscriber_states(self.engine) == expected


def test_postfix_gives_each_message_to_the_command_and_again_while_it_cannot_be_stored(
    server: MailServer, tmp_path: Path
) -> None:
    service = Service(server, tmp_path, "pipe.example", 'inbox = "pipe"')
    server.service = tmp_path
    key = tmp_path / "secret.key"
    service.send()
    away = key.rename(tmp_path / "away")
    wait_until(lambda: 75 in server.exit_codes)
    away.rename(key)
    server.send(service.reply(), "papers@pipe.example")
    wait_until(lambda: len(service.kinds()) == 4)
    service.assert_all_came_back()
    assert set(server.exit_codes) == {0, 75}


def test_postfix_delivers_into_a_maildir(server: MailServer, tmp_path: Path) -> None:
    folder = server.folder / "maildir"
    service = Service(server, tmp_path, "maildir.example", f'inbox = "maildir:{folder}"')
    service.send()
    server.send(service.reply(), "papers@maildir.example")
    wait_until(lambda: len(list(folder.glob("new/*"))) == 4)  # and the digest of Ann
    assert service.read().copies == 0
    service.assert_all_came_back()


def test_dovecot_serves_the_mailbox_by_imap_each_message_once(server: MailServer, tmp_path: Path) -> None:
    place = f"{HOST}:{server.imaps_port}/INBOX"
    login = f'inbox_password_file = "password"\ninbox_ca_file = "{AUTHORITY}"'
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="ascii")
    service = Service(server, tmp_path, "imap.example", f'inbox = "imaps://papers@{place}"\n{login}')
    service.send()
    server.send(service.reply(), "papers@imap.example")
    wait_until(lambda: len(list((server.folder / "imap").glob("*/*.*"))) >= 4)
    setup = Setup(service.config, None, AT_EIGHT)
    (looked_at, *_) = check_inbox(setup)
    setup.close()
    assert (looked_at.state, looked_at.what.rpartition(": ")[2]) == (DoctorState.OK, "4")
    first = service.read()
    assert dict(first.kinds) == {"hard": 1, "soft": 1, "unsubscribe": 1, "auto-reply": 1}
    assert service.read() == InboxReport()
    assert len(list((server.folder / "imap" / "cur").glob("*:2,S"))) == 4

    server.send(message("spam"), "papers@imap.example")
    server.send(message("postfix-unknown", "", "forged"), "papers@imap.example")
    wait_until(lambda: len(list((server.folder / "imap").glob("*/*.*"))) >= 6)
    config = tmp_path / "config.toml"
    by_starttls = config.read_text(encoding="utf-8").replace("imaps://", "imap://")
    config.write_text(by_starttls.replace(f":{server.imaps_port}/", f":{server.starttls_port}/"), encoding="utf-8")
    assert dict(service.read().kinds) == {"forged": 1, "other": 1}
    unread = [path for path in (server.folder / "imap").glob("*/*.*") if not path.name.endswith("S")]
    assert len(unread) == 1, "the message that no program understands is not left unread"


def test_an_imap_mailbox_that_was_made_again_loses_nothing_and_leaves_unread_what_needs_a_person(
    server: MailServer, tmp_path: Path
) -> None:
    place = f"{HOST}:{server.imaps_port}/Again"
    login = f'inbox_password = "{PASSWORD}"\ninbox_ca_file = "{AUTHORITY}"'
    service = Service(server, tmp_path, "again.example", f'inbox = "imaps://papers@{place}"\n{login}')
    context = ssl.create_default_context(cafile=AUTHORITY)
    with imaplib.IMAP4_SSL(HOST, server.imaps_port, ssl_context=context) as person:
        person.login("papers", PASSWORD)
        person.create("Again")
        person.append("Again", "", AT_EIGHT, message("spam"))
        assert dict(service.read().kinds) == {"other": 1}
        person.delete("Again")
        time.sleep(1.1)  # Dovecot's UIDVALIDITY is a time in seconds
        person.create("Again")
        person.append("Again", "", AT_EIGHT, message("spam"))
        person.append("Again", r"(\Seen)", AT_EIGHT, service.reply())
        report = service.read()
        assert (dict(report.kinds), report.copies) == ({"unsubscribe": 1}, 1)
        person.select("Again", readonly=True)
        assert person.search(None, "UNSEEN")[1] == [b"1"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((PASSWORD, "wrong"), "refuses the login of papers: "),
        (("/INBOX", "/Elsewhere"), "has no mailbox Elsewhere: "),
        ((str(AUTHORITY), "/missing.pem"), "there is no file /missing.pem"),
        ((f'\ninbox_ca_file = "{AUTHORITY}"', ""), "is not trusted: "),
        (("imaps://papers@127.0.0.1", "imaps://papers@127.0.0.2"), "cannot be read: Connection refused"),
    ],
    ids=["password", "mailbox", "missing certificates", "certificate", "server"],
)
def test_what_is_wrong_with_an_imap_mailbox_is_said_in_a_sentence_and_in_the_status(
    server: MailServer, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    place = f"{HOST}:{server.imaps_port}/INBOX"
    text = f'[mail]\ninbox = "imaps://papers@{place}"\ninbox_password = "{PASSWORD}"\ninbox_ca_file = "{AUTHORITY}"\n'
    config = tmp_path / "config.toml"
    config.write_text(text.replace(*change), encoding="utf-8")
    engine = open_simulated_store(load(config).store_url)
    with pytest.raises(InboxError, match=said) as failure:
        read_inbox(engine, load(config), lambda: AT_EIGHT)
    assert "\n" not in str(failure.value) and PASSWORD not in str(failure.value)
    setup = Setup(load(config), None, AT_EIGHT)
    (looked_at, *_) = check_inbox(setup)
    setup.close()
    assert (looked_at.state, bool(looked_at.cure)) == (DoctorState.FAULT, True)
    assert said in looked_at.what and PASSWORD not in str(looked_at)
    inbox = service_status(engine, load(config), AT_EIGHT).inbox
    assert inbox is not None and inbox.error == str(failure.value)
