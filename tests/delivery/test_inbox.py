"""The loopback inbox of the demo: a real SMTP server that keeps the mails it receives."""

from __future__ import annotations

import asyncio
import mailbox
import smtplib
import socket
from pathlib import Path

import pytest
from support.scripted_relay import HOST
from support.smtp import a_mail, send

from notifier.delivery.inbox import Inbox
from notifier.delivery.outcomes import Outcome
from notifier.delivery.smtp.transport import SmtpTransport
from notifier.delivery.transport import RelaySettings
from notifier.models import DeliveryState


def settings_for(inbox: Inbox) -> RelaySettings:
    return RelaySettings(HOST, inbox.port, tls="none")


def test_a_mail_that_is_sent_to_the_inbox_is_listed_and_written_to_a_maildir(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        outcomes = send(settings_for(inbox), a_mail(1), a_mail(2))
    assert [outcome.state for outcome in outcomes] == [DeliveryState.ACCEPTED] * 2
    assert inbox.mails == (a_mail(1), a_mail(2))
    assert len(mailbox.Maildir(tmp_path, create=False)) == 2


def test_two_inboxes_can_run_at_once_on_different_ports(tmp_path: Path) -> None:
    with Inbox(tmp_path / "one") as one, Inbox(tmp_path / "two") as two:
        assert one.port != two.port
        send(settings_for(two), a_mail(1))
    assert (len(one.mails), len(two.mails)) == (0, 1)


def test_the_port_is_free_again_afterwards(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        port = inbox.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=5)


def test_a_mail_that_is_sent_twice_is_listed_twice_and_kept_once(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        send(settings_for(inbox), a_mail(1), a_mail(1))
    assert len(inbox.mails) == 2
    assert len(mailbox.Maildir(tmp_path, create=False)) == 1


def test_many_connections_can_deliver_at_once(tmp_path: Path) -> None:
    async def deliver_from(first: int) -> list[Outcome]:
        async with SmtpTransport(settings_for(inbox)) as transport:
            return [await transport.send(a_mail(number)) for number in range(first, first + 20)]

    async def all_at_once() -> None:
        await asyncio.gather(*(deliver_from(first) for first in range(0, 100, 20)))

    with Inbox(tmp_path) as inbox:
        asyncio.run(all_at_once())
    assert {mail.message_id for mail in inbox.mails} == {a_mail(number).message_id for number in range(100)}


def test_a_message_without_a_message_id_is_kept(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox, smtplib.SMTP(HOST, inbox.port) as client:
        client.sendmail("a@example.org", ["b@example.org", "c@example.org"], "Subject: hand-made\r\n\r\ntext\r\n")
    assert [mail.envelope.recipient for mail in inbox.mails] == ["b@example.org", "c@example.org"]
    assert len(mailbox.Maildir(tmp_path, create=False)) == 1


def test_an_inbox_that_cannot_write_says_so_and_the_mail_is_deferred(tmp_path: Path) -> None:
    file_in_the_way = tmp_path / "mail"
    file_in_the_way.write_text("not a folder")
    with Inbox(file_in_the_way) as inbox:
        (outcome,) = send(settings_for(inbox), a_mail(1))
    assert outcome.state is DeliveryState.DEFERRED
    assert "the inbox cannot be written" in outcome.reply
