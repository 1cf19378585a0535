"""Define the commands about deliveries: deliveries, and its subcommands show, retry and hold."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import CommandRun, ConfigOption, JsonOption, NowOption, command_run, reading_run
from notifier.cli.simulated_clocks import writing_run
from notifier.models import CHANNEL_PREFIX, DeliveryKind, DeliveryState

if TYPE_CHECKING:
    from notifier.operations import DeliverySummary

MAX_LISTED = 50  # at most this many deliveries are listed; --json prints all

IdArgument = Annotated[int, typer.Argument(help="The delivery's number.", metavar="ID")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog="Example: notifier deliveries --json")(deliveries)
    group.command("show", epilog="Example: notifier deliveries show 7 --source")(show)
    group.command("retry", epilog="Example: notifier deliveries retry 7")(retry)
    group.command("hold", epilog="Example: notifier deliveries hold 7")(hold)
    app.add_typer(group, name="deliveries")


def deliveries(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the deliveries: first those that are not settled, then the others; newest first in both groups."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json, print_table
    from notifier.operations import list_deliveries

    found = list_deliveries(reading_run(context, config).engine, None if as_json else MAX_LISTED)
    if as_json:
        print_json(found)
        return
    heading = ("id", "to", "period", "state", "tries", "next try (UTC)", "last reply")
    nothing = "no deliveries yet; `notifier plan` makes one for each subscriber who is due and has new papers"
    print_table(heading, [_row(each) for each in found], nothing=nothing)
    if len(found) == MAX_LISTED:
        typer.echo(f"at most {MAX_LISTED} are shown; --json prints all")


def show(
    context: typer.Context,
    delivery_id: IdArgument,
    html: Annotated[bool, typer.Option("--html", help="Only the HTML of the mail.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The bytes of the mail, as they are sent.")] = False,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Show a delivery: its state, and the text of its mail, or the JSON of its event."""
    from notifier.delivery.channels import decode_message, plain_text
    from notifier.errors import UsageError
    from notifier.operations import find_delivery
    from notifier.sending import mail_of, sender_for
    from notifier.text.mail_bodies import body_of, pretty_json

    if html and source:
        raise UsageError("--html and --source cannot be combined; choose one")
    run = reading_run(context, config, now)
    delivery = find_delivery(run.engine, delivery_id)
    is_event = delivery.kind == DeliveryKind.EVENT
    is_to_channel = delivery.recipient.startswith(CHANNEL_PREFIX)
    if html and (is_event or is_to_channel):
        what = "an event" if is_event else "for a channel"
        raise UsageError(f"delivery {delivery_id} is {what}, which has no HTML; leave out --html")
    mail = mail_of(sender_for(run.engine, run.config, run.clock), delivery_id)
    if source:
        sys.stdout.buffer.write(mail.content)
    elif html:
        typer.echo(body_of(mail, "html"))
    else:
        _show(delivery)
        if is_to_channel:
            typer.echo(plain_text(decode_message(mail.content)))
            return
        typer.echo(pretty_json(mail.content) if is_event else body_of(mail, "plain"))


def retry(context: typer.Context, delivery_id: IdArgument, config: ConfigOption = None) -> None:
    """Let the next `deliver` send a delivery, even if its next try is not due yet."""
    from notifier.operations import retry_delivery

    retry_delivery(command_run(context, config).engine, delivery_id)
    typer.echo(f"delivery {delivery_id} is PENDING; `notifier deliver` sends it")


def hold(
    context: typer.Context,
    delivery_id: Annotated[int | None, typer.Argument(help="The delivery's number.", metavar="ID")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All deliveries that wait to be sent.")] = False,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Hold a delivery, or all deliveries that wait: none is sent until `deliveries retry` releases it."""
    from notifier.errors import UsageError
    from notifier.operations import hold_delivery

    if (delivery_id is None) is not everything:
        raise UsageError("give either the number of a delivery or --all; `notifier deliveries` lists them")
    run = writing_run(context, config, now)
    if delivery_id is None:
        _hold_all(run)
        return
    hold_delivery(run.engine, delivery_id, run.clock())
    typer.echo(f"delivery {delivery_id} is HELD; `notifier deliveries retry {delivery_id}` releases it")


def _hold_all(run: CommandRun) -> None:
    """Hold all deliveries that wait. Exits with 1 if a sender is sending others, which cannot be held now."""
    from notifier.operations import hold_waiting_deliveries
    from notifier.text.counting import counted

    held, leased = hold_waiting_deliveries(run.engine, run.clock())
    typer.echo(f"{counted(held, 'delivery', 'deliveries')} HELD; `notifier deliveries retry ID` releases one")
    if leased:
        typer.echo(f"{leased} more are claimed by a sender; stop it, and run this again after 5 minutes", err=True)
        raise typer.Exit(1)


def _row(delivery: DeliverySummary) -> tuple[object, ...]:
    from notifier.text.harmless import inert

    is_pending = delivery.state == DeliveryState.PENDING
    next_try = "at once" if is_pending else f"{delivery.next_try:%Y-%m-%d %H:%M}" if delivery.next_try else ""
    return (
        delivery.id,
        delivery.recipient,
        delivery.period,
        delivery.state,
        delivery.attempts,
        next_try,
        inert(delivery.reply),
    )


def _show(delivery: DeliverySummary) -> None:
    from notifier.text.harmless import inert

    typer.echo(f"delivery     {delivery.id}, the {delivery.kind} of {delivery.period} for {inert(delivery.recipient)}")
    typer.echo(f"state        {delivery.state}, {delivery.attempts} tries, {delivery.uncertain} uncertain")
    typer.echo(f"planned      {delivery.planned_at:%Y-%m-%d %H:%M:%S} UTC")
    if delivery.next_try and delivery.state != DeliveryState.PENDING:
        typer.echo(f"next try     {delivery.next_try:%Y-%m-%d %H:%M:%S} UTC")
    if delivery.settled_at:
        typer.echo(f"settled      {delivery.settled_at:%Y-%m-%d %H:%M:%S} UTC: {inert(delivery.reply)}")
    name = "webhook-id" if delivery.kind == DeliveryKind.EVENT else "Message-ID"
    typer.echo(f"{name}   {inert(delivery.message_id)}")
    typer.echo(f"subject      {inert(delivery.subject)}\n")
