"""Define the command webhooks, and its subcommands add, test, enable and remove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, command_run, reading_run
from notifier.cli.simulated_clocks import writing_run
from notifier.models import EventType

if TYPE_CHECKING:
    from notifier.models import Endpoint

IdArgument = Annotated[int, typer.Argument(help="The webhook's number.", metavar="ID")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog="Example: notifier webhooks --json")(list_all)
    example = "Example: notifier webhooks add https://lab.example.org/hook --event paper.announced"
    group.command("add", epilog=example)(add)
    group.command("test", epilog="Example: notifier webhooks test 1")(test)
    group.command("enable", epilog="Example: notifier webhooks enable 1")(enable)
    group.command("remove", epilog="Example: notifier webhooks remove 1")(remove)
    app.add_typer(group, name="webhooks")


def list_all(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the webhooks: the URLs of other programs that are told what happens here."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json, print_table
    from notifier.operations.webhooks import list_webhooks
    from notifier.text.harmless import inert

    found = list_webhooks(reading_run(context, config).engine)
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    rows = [(each.id, each.shown_url, " ".join(each.events), inert(_state(each))) for each in found]
    nothing = "no webhooks; `notifier webhooks add URL` adds one"
    print_table(("id", "URL", "events", "state"), rows, nothing=nothing)


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Where the events are sent.", metavar="URL")],
    event: Annotated[
        list[EventType] | None,
        typer.Option(help=f"What to tell, or all: {', '.join(EventType)}; may be given again.", metavar="EVENT"),
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(help="A file with the secret, whsec_...; without it, a secret is made.", metavar="FILE"),
    ] = None,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a webhook, and show the secret by which the receiver verifies the events: once, it is not shown again."""
    from notifier.cli.output import print_json
    from notifier.operations.webhooks import WantedWebhook, add_webhook

    run = writing_run(context, config, now)
    added = add_webhook(run.engine, run.config, WantedWebhook(url, event or (), secret_file), run.clock())
    if as_json:
        print_json(added)
        return
    if added.secret:
        typer.echo(added.secret)
        typer.echo("Give this secret to the receiver now: it cannot be shown again.", err=True)
    typer.echo(f"This is webhook {added.id}; `notifier webhooks test {added.id}` sends it an event.", err=True)


def test(context: typer.Context, webhook_id: IdArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Send an event of the type `webhook.test` now, and show the answer."""
    from notifier.operations.webhooks import send_test_event

    run = writing_run(context, config, now)
    endpoint, answer = send_test_event(run.engine, run.config, webhook_id, run.clock)
    typer.echo(f"{endpoint.shown_url} answered HTTP {answer.status}")
    if not answer.is_success:
        typer.echo("notifier: only an answer from 200 to 299 accepts an event; see the receiver's log", err=True)
        raise typer.Exit(1)
    if endpoint.disabled_at:
        typer.echo(f"It is disabled; `notifier webhooks enable {webhook_id}` sends events to it again.", err=True)


def enable(context: typer.Context, webhook_id: IdArgument, config: ConfigOption = None) -> None:
    """Send events to a webhook again that was disabled, from now on."""
    from notifier.operations.webhooks import enable_webhook

    enable_webhook(command_run(context, config).engine, webhook_id)
    typer.echo(f"webhook {webhook_id} is enabled; `notifier deliveries retry ID` sends an event again that FAILED")


def remove(context: typer.Context, webhook_id: IdArgument, config: ConfigOption = None) -> None:
    """Remove a webhook, with the events that wait for it."""
    from notifier.operations.webhooks import remove_webhook

    remove_webhook(command_run(context, config).engine, webhook_id)
    typer.echo(f"webhook {webhook_id} is removed; `notifier webhooks` lists the others")


def _as_json(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "url": endpoint.shown_url,
        "events": endpoint.events,
        "created_at": endpoint.created_at,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
    }


def _state(endpoint: Endpoint) -> str:
    if endpoint.disabled_at is None:
        return "enabled"
    return f"disabled on {endpoint.disabled_at:%Y-%m-%d %H:%M} UTC: {endpoint.disabled_reason}"
