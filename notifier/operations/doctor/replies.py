"""Check that somebody reads what comes back: answers of subscribers, and bounces."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.operations.doctor.findings import Area, Finding, ok, skipped, warning
from notifier.operations.doctor.setup import Setup


def check_replies(setup: Setup) -> Iterator[Finding]:
    """Name the mailboxes that somebody must read."""
    mail = setup.config.mail
    if mail.transport == "maildir":
        yield skipped(Area.REPLIES, mail.address, "mail is written to a folder, so nobody can answer it")
    elif not setup.config.web.base_url:
        what = "subscribers can leave only by a mail to it, since [web] base_url is empty"
        yield warning(Area.REPLIES, mail.address, what, "read this mailbox every day, or set [web] base_url")
    else:
        yield ok(
            Area.REPLIES, mail.address, "somebody must read this mailbox: subscribers who want to leave write to it"
        )
    if mail.transport == "smtp" and not mail.envelope:
        what = "it is empty, so bounces come to the sender's mailbox, and do not say which mail they are about"
        cure = (
            "set it to an address of the sender's domain whose mailbox takes a plus sign, such as bounces@example.org"
        )
        yield warning(Area.REPLIES, "[mail] envelope", what, cure)
