"""List what needs the hand of an operator, from the status of the service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from notifier.models import DeliveryState
from notifier.operations import Status
from notifier.text.counting import counted

DOCTOR = "Run `notifier doctor` on the server: it looks for the causes."


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs a hand: what, more about it, what to do, and the page below `/admin/` to do it on."""

    title: str
    text: str
    cure: str = ""
    page: str = ""
    link: str = ""


def needs_of(status: Status) -> list[Need]:
    """Return what needs a hand, the most urgent first."""
    return [*_alarms(status), *_mail(status), *_papers(status)]


def _alarms(status: Status) -> Iterator[Need]:
    for each in status.alerts:
        yield Need(each.title, f"Since {each.opened_at:%Y-%m-%d %H:%M}: {each.what}", each.cure)
    if status.pause:
        until = status.pause.until
        words = f"Sending is paused until {until:%H:%M:%S}" if until else "The next mail tests it"
        yield Need("The relay takes no mail", f"{words}: {status.pause.reason}", DOCTOR)
    if status.inbox and status.inbox.error:
        yield Need("The inbox for replies cannot be read", status.inbox.error, DOCTOR)
    if status.doubt:
        yield Need("The clock is in doubt", status.doubt, DOCTOR)
    if status.clear_text:
        why = "Others on the network can read the links and sessions of these pages."
        yield Need(f"{status.clear_text} is not secure", why, "Put TLS in front of it, and write https in the config.")


def _mail(status: Status) -> Iterator[Need]:
    for each in status.troubles:
        mails = counted(each.messages, "mail is", "mails are")
        page = f"deliveries?state={each.state}"
        yield Need(f"{mails} {each.state}", each.reply, page=page, link=f"See what is {each.state}")
    if held := status.deliveries.get(DeliveryState.HELD):
        page, link = "deliveries?state=HELD", "See what is HELD"
        waits = "It is sent when somebody retries it." if held == 1 else "Each is sent when somebody retries it."
        yield Need(f"{counted(held, 'mail is', 'mails are')} HELD", waits, page=page, link=link)
    if status.suppressed:
        people = counted(status.suppressed, "subscriber is", "subscribers are")
        replies = "; ".join(f"{each.subscribers} for the reply: {each.reply}" for each in status.refusals)
        page, link = "subscribers/reinstate", "Reinstate those that were a mistake"
        yield Need(f"{people} SUPPRESSED", replies, page=page, link=link)
    if status.unclear:
        replies = counted(len(status.unclear), "reply waits", "replies wait")
        yield Need(f"{replies} for a person", "Nobody could tell what they ask for.", "`notifier replies` lists them.")


def _papers(status: Status) -> Iterator[Need]:
    for source in status.sources:
        if source.health.is_trouble:
            yield Need(f"Source {source.name}", source.sentence, source.cure, "sources", "See the sources")
    if status.quarantine:
        files = counted(len(status.quarantine), "file is", "files are")
        reasons = status.quarantine[0].reason
        yield Need(f"{files} quarantined", reasons, page="quarantine", link="See the quarantine")
    for stuck in status.unmoved:
        yield Need("A file could not be moved", stuck.reason)
