"""What an IMAP server may answer: whatever it is, the mailbox gives the messages or says in words that it cannot."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.smtp import CERTIFICATES

from notifier.errors import InboxError
from notifier.mailboxes import ImapMailbox, ImapSettings

CONTENT = b"From: ann@example.net\r\n\r\nunsubscribe"
ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
    b"SELECT": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 5] valid\r\n* OK [UIDNEXT 3] next\r\n",
    b"SEARCH": b"* SEARCH 2\r\n",
    b"FETCH": b"* 1 FETCH (UID 2 BODY[]<0> {%d}\r\n%s)\r\n" % (len(CONTENT), CONTENT),
}


@contextmanager
def imap_server(**answers: bytes) -> Iterator[ImapMailbox]:
    """Yield a mailbox on a server that gives these answers to these commands, and those of ANSWERS to the others.

    `TAG` in an answer becomes the tag of the command; an answer without it is followed by the line `TAG OK`. In place
    of an empty answer, the server closes the connection.
    """
    said = ANSWERS | {name.encode(): answer for name, answer in answers.items()}
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "valid.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as connection:
                connection.sendall(b"* OK ready\r\n")
                for line in connection.makefile("rb"):
                    tag, command = line.split()[0], next((each for each in said if each in line.upper()), b"")
                    answer = said.get(command, b"")
                    if command and not answer:
                        return
                    ended = answer if b"TAG " in answer else answer + b"TAG OK done\r\n"
                    connection.sendall(ended.replace(b"TAG ", tag + b" "))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        authority = CERTIFICATES / "authority.pem"
        port = listening.getsockname()[1]
        yield ImapMailbox(ImapSettings("localhost", port, "ann", "geheim", ca_file=authority, seconds=2), 1 << 20)
        thread.join(5)


def read(mailbox: ImapMailbox) -> list[tuple[int, bytes]]:
    with mailbox:
        return list(mailbox.messages())


def test_the_message_is_the_body_that_was_asked_for_and_nothing_else_that_the_server_says() -> None:
    header = b"* 9 FETCH (UID 9 BODY[HEADER] {3}\r\nabc)\r\n* 2 FETCH (FLAGS (\\Seen))\r\n"
    with imap_server(FETCH=header + ANSWERS[b"FETCH"]) as mailbox:
        assert read(mailbox) == [(2, CONTENT)]
        assert (mailbox.uid_validity, mailbox.uid) == (5, 2)


@pytest.mark.parametrize(
    "answers",
    [
        {"FETCH": b"* 1 FETCH (UID 2 BODY[]<0> {99999999999999}\r\nabc"},
        {"FETCH": b"* 1 FETCH (UID 2 BODY[]<0> {%s}\r\nabc" % (b"9" * 5000)},
        {"FETCH": b"\0\xff garbage\r\n"},
        {"FETCH": b""},
        {"FETCH": b"TAG NO [UNAVAILABLE] the disk is away\r\n"},
        {"SEARCH": b"* SEARCH " + b"9" * 5000 + b"\r\n"},
        {"SELECT": b"* OK [UIDVALIDITY abc] valid\r\n"},
        {"CAPABILITY": b"* CAPABILITY IMAP4rev1 \xff\r\n"},
    ],
    ids=lambda answers: str(answers)[:30],
)
def test_an_answer_that_makes_no_sense_is_an_error_in_words_and_no_message_is_lost(answers: dict[str, bytes]) -> None:
    with imap_server(**answers) as mailbox:
        with pytest.raises(InboxError, match="; it is tried again"):
            read(mailbox)
        assert mailbox.uid == 0
