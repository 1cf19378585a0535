"""Read the inbox of returned messages: a Maildir, or a mailbox on an IMAP server."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine

from notifier.bounces import LARGEST_MESSAGE
from notifier.config import Config, inbox_password
from notifier.errors import ConfigError, InboxError
from notifier.mailboxes import ImapMailbox, ImapSettings, MaildirMailbox
from notifier.models import Clock, InboxState, ReturnedKind
from notifier.returned.receiving import receive
from notifier.store import reading, retried, returned, writing

LONGEST_ROUND_SECONDS = 30.0  # the messages that are left wait for the next round


@dataclass(slots=True)
class InboxReport:
    """How many new messages were read, by kind, and how many copies of messages that were read before."""

    kinds: Counter[ReturnedKind] = field(default_factory=Counter)
    copies: int = 0
    actions: list[str] = field(default_factory=list)  # what was done, one sentence for each subscriber


class _Mailbox(Protocol):
    """The new messages of a mailbox, each with a key by which it is marked as read."""

    def messages(self) -> Iterator[tuple[Any, bytes]]: ...

    def mark(self, key: Any, /, *, needs_hand: bool) -> None: ...


def read_inbox(engine: Engine, config: Config, clock: Clock) -> InboxReport | None:
    """Act on each new message of the inbox, and return a report; return None if the config names no inbox.

    A message is marked after its effect was stored. So a kill loses nothing, and a message that is read again counts
    for nothing. Raises InboxError if the inbox cannot be read, and StoreError if the database cannot be used. An
    InboxError is stored too, so that `status` shows it.
    """
    if config.inbox_folder is None and config.imap_inbox is None:
        return None
    report = InboxReport()
    before = _state(engine, config.inbox_name)
    try:
        with _opened(engine, config, before, clock) as mailbox:
            _read(engine, config, clock, mailbox, report)
    except InboxError as error:
        now = clock()
        after = _state(engine, config.inbox_name)._replace(error=str(error), failing_since=before.failing_since or now)
        _store(engine, config.inbox_name, after)
        raise
    return report


def _read(engine: Engine, config: Config, clock: Clock, mailbox: _Mailbox, report: InboxReport) -> None:
    deadline = time.monotonic() + LONGEST_ROUND_SECONDS
    for key, content in mailbox.messages():
        done = receive(engine, config, content, clock())
        mailbox.mark(key, needs_hand=done.needs_hand)
        report.copies += done.is_copy
        if not done.is_copy:
            report.kinds[done.kind] += 1
            if done.email:
                report.actions.append(f"{done.email}: {done.done}")
        if time.monotonic() > deadline:
            return


@contextmanager
def _opened(engine: Engine, config: Config, state: InboxState, clock: Clock) -> Iterator[_Mailbox]:
    """Open the inbox, and store up to which message it was read, also if reading it fails."""
    if config.imap_inbox is None:
        assert config.inbox_folder is not None
        yield MaildirMailbox(config.inbox_folder, LARGEST_MESSAGE)
        _store(engine, config.inbox_name, InboxState(clock()))
        return
    mailbox = ImapMailbox(imap_settings(config), LARGEST_MESSAGE, state.uid_validity, state.uid, state.read_at)
    try:
        with mailbox:
            yield mailbox
    except BaseException:
        _store(engine, config.inbox_name, state._replace(uid_validity=mailbox.uid_validity, uid=mailbox.uid))
        raise
    _store(engine, config.inbox_name, InboxState(clock(), "", None, mailbox.uid_validity, mailbox.uid))


def imap_settings(config: Config) -> ImapSettings:
    """Return how to open the IMAP mailbox that the config names.

    Raises InboxError if the file with the password or that with the certificates cannot be used.
    """
    place, ca_file = config.imap_inbox, config.mail.inbox_ca_file
    assert place is not None
    try:
        password = inbox_password(config)
    except ConfigError as error:
        raise InboxError(str(error)) from None
    return ImapSettings(
        host=place.host,
        port=place.port,
        username=place.username,
        password=password,
        mailbox=place.mailbox,
        starttls=place.starttls,
        ca_file=_existing(config.path(ca_file)) if ca_file else None,
    )


def _existing(ca_file: Path) -> Path:
    if not ca_file.is_file():
        raise InboxError(f"[mail] inbox_ca_file: there is no file {ca_file}; correct its name")
    return ca_file


def _state(engine: Engine, name: str) -> InboxState:
    with reading(engine) as connection:
        return returned.inbox_state(connection, name)


@retried
def _store(engine: Engine, name: str, state: InboxState) -> None:
    with writing(engine) as connection:
        returned.set_inbox_state(connection, name, state)
