"""Define the command admin-log."""

from __future__ import annotations

import typer

from notifier.cli.options import ConfigOption, JsonOption, reading_run

MAX_LISTED = 50  # at most this many entries are listed; --json prints all


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("admin-log", epilog="Example: notifier admin-log --json")(admin_log)


def admin_log(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what administrators did on the pages, the newest first."""
    from notifier.cli.output import print_json, print_table
    from notifier.operations import read_admin_log

    found = read_admin_log(reading_run(context, config).engine, None if as_json else MAX_LISTED)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.id,
            f"{each.at:%Y-%m-%d %H:%M}",
            each.actor,
            each.action,
            each.subject,
            each.details,
            each.outcome or "not known",
        )
        for each in found
    ]
    heading = ("id", "when (UTC)", "who", "what", "to what", "details", "outcome")
    print_table(heading, rows, nothing="administrators have changed nothing yet; [web] admins names them")
    if len(found) == MAX_LISTED:
        typer.echo(f"at most {MAX_LISTED} are shown; --json prints all")
