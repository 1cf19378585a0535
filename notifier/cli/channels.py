"""Define the command channel, and its subcommands add, set, test, enable and remove."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, command_run, reading_run
from notifier.cli.simulated_clocks import writing_run
from notifier.errors import UsageError
from notifier.text.counting import counted

if TYPE_CHECKING:
    from notifier.models import Endpoint
    from notifier.operations.adding_channels import ChannelUrl
    from notifier.operations.channels import ListedChannel

LONGEST_LINE = 4096  # characters of a URL on stdin

NameArgument = Annotated[str, typer.Argument(help="The channel's name, such as lab.", metavar="NAME")]
FileOption = Annotated[
    Path | None,
    typer.Option(help="A file with the URL, read whenever a digest is sent; else stdin.", metavar="FILE"),
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog="Example: notifier channel --json")(list_all)
    group.command("add", epilog="Example: notifier channel add lab --url-file /etc/notifier/lab-channel")(add)
    group.command("set", epilog="Example: notifier channel set lab --url-file /etc/notifier/lab-channel")(set_url)
    group.command("test", epilog="Example: notifier channel test lab")(test)
    group.command("enable", epilog="Example: notifier channel enable lab")(enable)
    group.command("remove", epilog="Example: notifier channel remove lab")(remove)
    app.add_typer(group, name="channel")


def list_all(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the channels: groups in Slack, Matrix, Discord and the like, to which digests are sent."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json, print_table
    from notifier.operations.channels import list_channels
    from notifier.text.harmless import inert

    found = list_channels(reading_run(context, config).engine)
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    rows = [(each.endpoint.name, each.endpoint.shown_url, _asked(each), inert(_state(each.endpoint))) for each in found]
    nothing = "no channels; `notifier channel add NAME` adds one"
    print_table(("name", "service", "subscriptions", "state"), rows, nothing=nothing)


def add(
    context: typer.Context,
    name: NameArgument,
    url_file: FileOption = None,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Add a channel. Its URL is read from stdin, so that it stays out of the shell's history, and stored encrypted."""
    from notifier.operations.adding_channels import add_channel, check_name

    run = writing_run(context, config, now)
    check_name(name)
    added = add_channel(run.engine, run.config, name, _given(url_file), run.clock())
    typer.echo(f"channel {name} is added: {added.shown_url}")
    typer.echo(f"`notifier channel test {name}` sends a message to it; then subscribe it:")
    typer.echo(f"notifier subscribe {added.address} --query QUERY --cadence daily --at 08:00")


def set_url(
    context: typer.Context, name: NameArgument, url_file: FileOption = None, config: ConfigOption = None
) -> None:
    """Give a channel another URL, and enable it; what it is subscribed to stays as it is."""
    from notifier.operations.adding_channels import set_channel_url

    run = command_run(context, config)
    changed = set_channel_url(run.engine, run.config, name, _given(url_file))
    typer.echo(f"channel {name} has another URL: {changed.shown_url}; `notifier channel test {name}` tries it")


def test(context: typer.Context, name: NameArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Send a message to a channel now, and show the answer."""
    from notifier.models import DeliveryState
    from notifier.operations.adding_channels import test_channel

    run = writing_run(context, config, now)
    endpoint, outcome = test_channel(run.engine, run.config, name, run.clock)
    if outcome.state is not DeliveryState.ACCEPTED:
        typer.echo(f"notifier: {endpoint.shown_url} has not accepted the message: {outcome.reply}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{endpoint.shown_url} has accepted the message ({outcome.reply}); look for it there")
    if endpoint.disabled_at:
        typer.echo(f"It is disabled; `notifier channel enable {name}` sends digests to it again.", err=True)


def enable(context: typer.Context, name: NameArgument, config: ConfigOption = None) -> None:
    """Send digests to a channel again that was disabled, first those that wait."""
    from notifier.operations.channels import enable_channel

    enable_channel(command_run(context, config).engine, name)
    typer.echo(f"channel {name} is enabled; `notifier deliver` sends what waits for it")


def remove(context: typer.Context, name: NameArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Remove a channel, with its subscriptions and the digests that wait for it."""
    from notifier.operations.channels import remove_channel

    run = writing_run(context, config, now)
    messages = remove_channel(run.engine, name, run.clock())
    with_them = f" and {counted(messages, 'message')}" if messages else ""
    typer.echo(f"channel {name} is removed, with its subscriptions{with_them}; `notifier channel` lists the others")


def _given(file: Path | None) -> ChannelUrl:
    """Return the URL from the file or from stdin; on a terminal, it is asked for and not shown."""
    from notifier.operations.adding_channels import ChannelUrl

    if file is not None:
        return ChannelUrl(file=file)
    if sys.stdin.isatty():
        url = str(typer.prompt("URL of the channel (not shown)", hide_input=True))
    else:
        url = sys.stdin.readline(LONGEST_LINE)
    if not url.strip():
        raise UsageError("no URL was given; write it to stdin, or name a file that holds it with --url-file")
    return ChannelUrl(url.strip())


def _asked(listed: ListedChannel) -> str:
    subscriber = listed.subscriber
    if subscriber is None:
        return f"none; notifier subscribe {listed.endpoint.address} --query QUERY"
    return ", ".join(each.name or each.query or each.label for each in subscriber.subscriptions)


def _state(endpoint: Endpoint) -> str:
    if endpoint.disabled_at is None:
        return "enabled"
    return f"disabled on {endpoint.disabled_at:%Y-%m-%d %H:%M} UTC: {endpoint.disabled_reason}"


def _as_json(listed: ListedChannel) -> dict[str, Any]:
    endpoint, subscriber = listed.endpoint, listed.subscriber
    return {
        "name": endpoint.name,
        "service": endpoint.shown_url,
        "url_file": endpoint.secret_file or None,
        "subscriber": endpoint.address if subscriber else None,
        "state": subscriber.state if subscriber else None,
        "created_at": endpoint.created_at,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
    }
