"""Check the inbox: whether replies and returned mail get there, whether they can be read, and whether they are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from notifier.bounces import LARGEST_MESSAGE
from notifier.config import PIPE, MailConfig
from notifier.errors import InboxError
from notifier.mailboxes import ImapMailbox
from notifier.models import InboxState, ReturnedKind
from notifier.operations.doctor.findings import Area, Finding, fault, ok, skipped, split, warning
from notifier.operations.doctor.modes import may
from notifier.operations.doctor.setup import Setup, user_name
from notifier.operations.doctor.side_by_side import within
from notifier.returned import imap_settings
from notifier.store import inspection, reading, returned
from notifier.text.addresses import address_key

ANSWER_SECONDS, WHOLE_SECONDS = 5.0, 10.0  # for one answer of the IMAP server, and for all of them
LATE = timedelta(hours=26)  # longer than the day between two runs of a cron job
MANY_MAILS = 100  # of so many mails, some usually come back
_MOST_MESSAGES = 20  # whose rights are looked at
_PAGE = "docs/returned-mail.md"
_REPLIES = (ReturnedKind.UNSUBSCRIBE, ReturnedKind.UNCLEAR, ReturnedKind.SEEN)  # what people write to the sender
_BOUNCES = (ReturnedKind.HARD, ReturnedKind.SOFT, ReturnedKind.DELAYED)


def check_inbox(setup: Setup) -> Iterator[Finding]:
    """Open the inbox as the service does, changing nothing, and look at what came from it so far."""
    config = setup.config
    if not config.mail.inbox:
        return
    if config.inbox_folder is not None:
        yield from _maildir(setup, config.inbox_folder)
    elif config.imap_inbox is not None:
        yield _imap(setup)
    with reading(setup.store()) as connection:
        state = returned.inbox_state(connection, config.inbox_name)
        newest = returned.newest(connection)
        seen = {kinds: returned.newest(connection, kinds) for kinds in (_REPLIES, _BOUNCES)}
        mails = inspection.accepted_since(connection, setup.now - returned.RECENT, MANY_MAILS)
    yield from _state(setup, state, newest)
    if config.mail.transport == "smtp":
        yield from _addresses(config.mail, _user(setup), seen[_REPLIES], seen[_BOUNCES])
    if mails >= MANY_MAILS and (newest is None or newest < setup.now - returned.RECENT):
        what = f"in 30 days, {MANY_MAILS} mails or more were sent and none came back; returned mail may go elsewhere"
        yield skipped(Area.REPLIES, "returned mail", what, _trial(config.mail))


def _maildir(setup: Setup, folder: Path) -> Iterator[Finding]:
    """Check that the service may read the new messages of a Maildir and move them."""
    about, user = setup.path_in_config(folder), setup.service_user
    name = user_name(user)
    if not (folder / "new").is_dir():
        what = "it is no Maildir: it has no folder new" if folder.is_dir() else "there is no such folder"
        cure = f"let the mail server deliver into it, as {_PAGE} shows, or correct [mail] inbox"
        yield fault(Area.REPLIES, about, what, cure)
        return
    cur = folder / "cur" if (folder / "cur").exists() else folder
    for place in (folder / "new", cur):
        if not may(user, place, os.R_OK | os.W_OK | os.X_OK):
            what = f"{name}, whom the database belongs to, may not read {place.name} and move messages there"
            yield fault(Area.REPLIES, about, what, f"run chown -R {name} {folder}, and let the mail server keep it so")
            return
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield fault(Area.REPLIES, about, "its file system is read-only", "mount it for writing")
        return
    with os.scandir(folder / "new") as entries:
        closed = [each for each in islice(entries, _MOST_MESSAGES) if not may(user, Path(each), os.R_OK)]
    if closed:
        what = f"{name}, whom the database belongs to, may not read {closed[0].name}, a message in new"
        yield fault(Area.REPLIES, about, what, f"let the mail server deliver there as {name}, as {_PAGE} shows")
        return
    yield ok(Area.REPLIES, about, f"{name} may read its messages and move them")


def _imap(setup: Setup) -> Finding:
    about = setup.config.inbox_name
    try:
        number = within(WHOLE_SECONDS, lambda: _count(setup))
    except InboxError as error:
        return fault(Area.REPLIES, about, *split(str(error)))
    except TimeoutError:
        what = f"the server had not answered all questions after {WHOLE_SECONDS:.0f} s"
        return fault(Area.REPLIES, about, what, "check the host and port in [mail] inbox, and that the server runs")
    return ok(Area.REPLIES, about, f"the certificate, the login and the mailbox are well; messages in it: {number}")


def _count(setup: Setup) -> int:
    settings = replace(imap_settings(setup.config), seconds=ANSWER_SECONDS)
    with ImapMailbox(settings, LARGEST_MESSAGE) as mailbox:
        return mailbox.count()


def _state(setup: Setup, state: InboxState, newest: datetime | None) -> Iterator[Finding]:
    """Say when the service read the inbox, why it could not, and when the newest message came."""
    mail = setup.config.mail
    came = f"the newest message came at {_shown(newest)}" if newest else "no message has come yet"
    if mail.inbox == PIPE:
        what = f"the mail server gives each message to `notifier bounce`; {came}"
        yield (
            ok(Area.REPLIES, "[mail] inbox", what)
            if newest
            else skipped(Area.REPLIES, "[mail] inbox", what, _trial(mail))
        )
    elif state.failing_since is not None:
        what = f"the service could not read it since {_shown(state.failing_since)}: {state.error}"
        yield warning(
            Area.REPLIES, "[mail] inbox", what, "if no other finding about it is bad, the next reading will succeed"
        )
    elif state.read_at is None:
        cure = "start the service, or run `notifier once`, which reads it"
        yield skipped(Area.REPLIES, "[mail] inbox", "nothing has read it yet", cure)
    elif setup.now - state.read_at > LATE:
        what = f"nothing has read it since {_shown(state.read_at)}"
        yield warning(Area.REPLIES, "[mail] inbox", what, "start the service, or let cron run `notifier once`")
    else:
        yield ok(Area.REPLIES, "[mail] inbox", f"it was read at {_shown(state.read_at)}; {came}")


def _addresses(mail: MailConfig, user: str, reply: datetime | None, bounce: datetime | None) -> Iterator[Finding]:
    """Say, as far as it can be told, whether mail to the sender and to the envelope comes to the inbox.

    `user` is the user of the IMAP mailbox. `reply` is the time of the newest reply; replies are usually sent to the
    sender. `bounce` is the time of the newest bounce; bounces are usually sent to the envelope.
    """
    cure = "reply to a mail of notifier with a word of your own; `notifier replies` must show it"
    yield _address(mail.address, user, reply, "reply", cure)
    if mail.envelope and address_key(mail.envelope) != address_key(mail.address):
        cure = (
            "run `notifier doctor --send-to ADDRESS` with a nonexistent address at another provider; then "
            "`notifier status` must count one message more that came back"
        )
        yield _address(mail.envelope, user, bounce, "returned mail", cure)


def _address(address: str, user: str, newest: datetime | None, what: str, cure: str) -> Finding:
    if newest is not None:
        return ok(Area.REPLIES, address, f"its mail comes to the inbox: the newest {what} came at {_shown(newest)}")
    if user and address_key(user) == address_key(address):
        return ok(Area.REPLIES, address, "the inbox is the mailbox of this address")
    other = f", which is the mailbox of {user}" if "@" in user else ""
    return skipped(
        Area.REPLIES, address, f"no {what} came yet, so nothing shows that its mail comes to the inbox{other}", cure
    )


def _trial(mail: MailConfig) -> str:
    return (
        f"to try it, send a mail to {mail.address}; then `notifier status` must count one message more that came back"
    )


def _user(setup: Setup) -> str:
    place = setup.config.imap_inbox
    return place.username if place else ""


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
