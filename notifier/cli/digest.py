"""Define the command digest, which shows one subscriber's next digest, and sends it as a test."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import ConfigOption, NowOption, reading_run
from notifier.cli.simulated_clocks import allow_clock_or_refuse
from notifier.cli.subscribers import EmailArgument, due_in_words
from notifier.errors import NotifierError, RelayError, UsageError, shortened
from notifier.models import DeliveryState, SubscriberState
from notifier.text.mail_bodies import body_of, subject_of

if TYPE_CHECKING:
    from notifier.config import Config
    from notifier.delivery import Outcome
    from notifier.models import Mail
    from notifier.pipeline import NextDigest
    from notifier.sending import Sender

STDOUT = "-"

# For each state in which a subscriber gets no mail: the condition on which they would get the digest that is shown.
CONDITIONS = {
    SubscriberState.PENDING: "if they confirmed now",
    SubscriberState.PAUSED: "if the pause ended now",
    SubscriberState.UNSUBSCRIBED: "if they came back now",
    SubscriberState.SUPPRESSED: "if they were reinstated now",
}

# What it means if a test was not accepted, and the cure.
NOT_ACCEPTED = {
    DeliveryState.DEFERRED: "was not accepted: {reply}; try again later, and check the config if it stays so",
    DeliveryState.REJECTED: "was refused because of the address: {reply}; check the address with the subscriber",
    DeliveryState.UNCERTAIN: "may have been accepted: {reply}; look into the inbox before you try again",
    DeliveryState.FAILED: "cannot be sent: {reply}; correct that, and try again",
    DeliveryState.CANCELLED: "was not sent, because they left or were paused in the meantime",
}


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("digest", epilog="Example: notifier digest ann@example.org --html digest.html")(digest)


def digest(
    context: typer.Context,
    email: EmailArgument,
    html: Annotated[
        str | None, typer.Option("--html", help="Write the HTML of the mail to this file; - is stdout.", metavar="FILE")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send the mail to the subscriber as a test; the next digest stays as it is.")
    ] = False,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Show the digest that a subscriber would get now; the database stays as it is.

    Without options, the plain text of the mail is printed. If nothing is new, the newest papers that match are shown.
    """
    from notifier import pipeline
    from notifier.sending import mail_of_digest, sender_for

    run = reading_run(context, config, now)
    found = pipeline.next_digest(run.engine, run.config, email, run.clock())
    if send:
        if now is not None:
            allow_clock_or_refuse(run, now, "leave out --send to see the digest, or ")
        found = pipeline.as_test(found)
    if found.digest is None:
        _say_that_nothing_matches(found, is_failure=send or html is not None)
        return
    _note_what_it_is(found)
    sender = sender_for(run.engine, run.config, run.clock)
    if found.subscriber.endpoint_id is not None:
        sender = _sender_to_channel(found.subscriber.endpoint_id, sender, run.config, html)
    mail = mail_of_digest(sender, found.digest)
    if html is not None:
        _write_html(mail, html)
    if send:
        typer.echo(_accepted(found, pipeline.send_test(sender, found, mail), sender.relay), err=html == STDOUT)
    if html is None and not send:
        typer.echo(_text(mail, sender))
        _note_what_is_possible(found, run.clock())


def _sender_to_channel(endpoint_id: int, sender: Sender, config: Config, html: str | None) -> Sender:
    """Return the sender to a channel. Raises UsageError if HTML is asked for, which no channel gets."""
    from notifier.sending import sender_to
    from notifier.store import endpoints, reading

    if html is not None:
        raise UsageError("a channel gets no HTML of a mail; leave out --html")
    with reading(sender.engine) as connection:
        endpoint = endpoints.find(connection, endpoint_id)
    if endpoint is None:
        raise UsageError("the channel was removed in the meantime; `notifier channel` lists the others")
    return sender_to(endpoint, sender, config)


def _text(mail: Mail, sender: Sender) -> str:
    if sender.endpoint_id is None:
        return f"Subject: {subject_of(mail)}\n\n{body_of(mail, 'plain')}"
    from notifier.delivery.channels import decode_message, plain_text

    return plain_text(decode_message(mail.content))


def _say_that_nothing_matches(found: NextDigest, *, is_failure: bool) -> None:
    """Say that there is no digest to show; if the caller wanted a file or a mail, as an error."""
    if found.has_papers:
        labels = shortened(", ".join(each.label for each in found.subscriber.subscriptions))
        said = (
            f"no recent paper matches what {found.subscriber.email} asked for ({labels}), so there is no digest; "
            "`notifier preview QUERY` tries a query on all papers"
        )
    else:
        said = "no papers are stored yet, so there is no digest; `notifier ingest PATH` stores some"
    if is_failure:
        raise NotifierError(said)
    typer.echo(said)


def _note_what_it_is(found: NextDigest) -> None:
    subscriber = found.subscriber
    if condition := CONDITIONS.get(subscriber.state):
        _note(f"{subscriber.email} is {subscriber.state} and gets no mail; this is the digest {condition}")
    if not found.is_new:
        _note(
            f"nothing that matches is new to {subscriber.email}, so no digest would be sent now; "
            "these are the newest papers that match, and earlier digests may have held them"
        )


def _note_what_is_possible(found: NextDigest, now: datetime) -> None:
    subscriber = found.subscriber
    possible = [] if subscriber.endpoint_id is not None else ["--html FILE writes the HTML of this mail"]
    if subscriber.state is SubscriberState.ACTIVE:
        due = "with the next run" if found.is_due else due_in_words(subscriber, now)
        possible = [f"the next digest is due {due}; {', '.join([*possible, '--send sends it now as a test'])}"]
    if possible:
        _note(possible[0])


def _note(text: str) -> None:
    typer.echo(f"note: {text}", err=True)


def _write_html(mail: Mail, file: str) -> None:
    from pathlib import Path

    from notifier.files import STDOUT as DESCRIPTOR
    from notifier.files import open_descriptor, write_private

    content = body_of(mail, "html")
    if file == STDOUT:
        sys.stdout.buffer.write(content.encode())
        return
    write_private(Path(file), content.encode())
    if open_descriptor(Path(file)) == DESCRIPTOR:
        return
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    typer.echo(f"the HTML of the mail is in {file}; see it in a browser: {opener} {shlex.quote(file)}")


def _accepted(found: NextDigest, outcome: Outcome, relay: str) -> str:
    """Return a sentence about a test that was accepted. Raises RelayError if it was not."""
    test = f"the test mail to {found.subscriber.email}"
    if outcome.state is not DeliveryState.ACCEPTED:
        raise RelayError(f"{test} {NOT_ACCEPTED[outcome.state].format(reply=outcome.reply)}; nothing was stored")
    return f"{test} was accepted by {relay} ({outcome.reply}); their next digest stays as it is"
