"""Check that somebody, or notifier itself, reads what comes back: answers of subscribers, and returned mail."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.operations.doctor.findings import Area, Finding, ok, skipped, warning
from notifier.operations.doctor.setup import Setup
from notifier.store import reading, returned
from notifier.text.counting import counted

_READ = "read this mailbox every day, or let notifier read it ([mail] inbox; docs/returned-mail.md)"


def check_replies(setup: Setup) -> Iterator[Finding]:
    """Name the mailboxes that somebody must read if notifier does not, and the replies that wait for a person."""
    mail = setup.config.mail
    if not mail.inbox:
        yield _by_hand(setup)
    if mail.transport == "smtp" and not mail.envelope:
        what = (
            "it is empty, so returned mail comes to the sender's mailbox, and only the text that "
            "it quotes shows which mail was returned"
        )
        cure = (
            "set it to an address of the sender's domain whose mailbox takes a plus sign, such as bounces@example.org"
        )
        yield warning(Area.REPLIES, "[mail] envelope", what, cure)
    with reading(setup.store()) as connection:
        waiting = returned.count_unclear(connection)
    if waiting:
        what = f"{counted(waiting, 'reply waits', 'replies wait')} for a person; somebody may want to unsubscribe"
        yield warning(Area.REPLIES, "replies", what, "`notifier replies` shows them, and what to do")


def _by_hand(setup: Setup) -> Finding:
    mail = setup.config.mail
    if mail.transport == "maildir":
        return skipped(Area.REPLIES, mail.address, "mail is written to a folder, so nobody can answer it")
    if not setup.config.web.base_url:
        what = "[web] base_url is empty, so subscribers can leave only by mail, and notifier does not read this mailbox"
        return warning(Area.REPLIES, mail.address, what, f"{_READ}, or set [web] base_url")
    what = "somebody must read this mailbox, since notifier does not: subscribers who want to leave write to it"
    return ok(Area.REPLIES, mail.address, what)
