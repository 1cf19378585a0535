"""Define the command reinstate, which takes suppressions back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, command_run, instant_from
from notifier.cli.simulated_clocks import allow_clock_or_refuse
from notifier.text.counting import counted

if TYPE_CHECKING:
    from notifier.subscribers import ReinstateReport

MAX_LISTED = 20  # the largest number of subscribers that are listed; --json lists all of them


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("reinstate", epilog="Example: notifier reinstate --reply 'relay not permitted' --dry-run")(reinstate)


def reinstate(
    context: typer.Context,
    email: Annotated[list[str] | None, typer.Argument(help="The subscribers' addresses.", metavar="EMAIL...")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those suppressed at this time or later.", metavar="ISO-8601")
    ] = None,
    reply: Annotated[
        str | None, typer.Option(help="Only those suppressed for a reply that contains this text.", metavar="TEXT")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show who would be reinstated.")] = False,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make SUPPRESSED subscribers active again; a relay had refused their addresses.

    If you give several conditions, all of them must hold. Nobody who has unsubscribed is reinstated.
    """
    from notifier import subscribers
    from notifier.cli.output import print_json

    choice = subscribers.SuppressedChoice(tuple(email or ()), instant_from(since, "--since"), reply or "")
    run = command_run(context, config, now)
    if now is not None and not dry_run:
        allow_clock_or_refuse(run, now, "add --dry-run to see whom it would reinstate, or ")
    done = subscribers.reinstate(run.engine, choice, run.clock(), dry_run=dry_run)
    if as_json:
        print_json(done)
    else:
        _show(done)


def _show(done: ReinstateReport) -> None:
    from notifier.text.harmless import inert

    for each in done.subscribers[:MAX_LISTED]:
        typer.echo(inert(f"{each.email} is {'SUPPRESSED' if done.dry_run else each.state}: {each.reply}"))
    if (more := len(done.subscribers) - MAX_LISTED) > 0:
        typer.echo(f"... and {more} more")
    for email in done.unchanged:
        typer.echo(f"{email} is not changed: not SUPPRESSED, or another condition does not hold")
    if done.dry_run:
        typer.echo(f"{counted(len(done.subscribers), 'subscriber')} would be reinstated; nothing is changed")
    else:
        typer.echo(
            f"{counted(done.reinstated, 'subscriber')} reinstated; `notifier subscribers` shows their next digests"
        )
