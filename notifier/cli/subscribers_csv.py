"""Define the commands of `subscribers`: import, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, reading_run
from notifier.cli.simulated_clocks import writing_run
from notifier.text.counting import counted

if TYPE_CHECKING:
    from notifier.subscribers import ImportReport

FileArgument = Annotated[Path, typer.Argument(help="The CSV file.", metavar="FILE.csv")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("import", epilog="Example: notifier subscribers import subscribers.csv")(import_)
    app.command("export", epilog="Example: notifier subscribers export subscribers.csv")(export)


def import_(
    context: typer.Context,
    file: FileArgument,
    reinstate: Annotated[
        bool, typer.Option("--reinstate", help="Also bring back subscribers who are SUPPRESSED in this database.")
    ] = False,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign up the subscribers of a CSV file, one row per subscription; `-` reads it from stdin.

    Only the column email is required; unknown columns are ignored. The first line names some of these columns:

    email,state,query,topic,cadence,hour,timezone,name

    Commas, semicolons or tabs separate the cells. A line such as `sep=;` before all others may say which of them.
    A cell with quotation marks is quoted as a whole, and each mark in it is doubled, as spreadsheets do.
    The text is UTF-8, UTF-16 or Windows-1252.
    State ACTIVE says that a new subscriber has agreed to get mail;
    without a state they are PENDING. Known subscribers get the subscriptions that they lack. Subscribers who left or
    were erased are not brought back, except SUPPRESSED ones with --reinstate. Wrong rows are listed with their line
    numbers, and the other rows are imported. If there are wrong rows, the exit code is 1.
    """
    from functools import partial

    from notifier.cli.output import print_json, with_progress
    from notifier.subscribers import import_subscribers

    run = writing_run(context, config, now)
    shown = partial(with_progress, doing=f"reading {file.name}")
    imported = import_subscribers(run.engine, run.config, file, run.clock(), shown, reinstate=reinstate)
    if as_json:
        print_json(imported)
    else:
        _show(imported, file)
    if imported.refused:
        raise typer.Exit(1)


def _show(imported: ImportReport, file: Path) -> None:
    for note in imported.notes:
        typer.echo(f"{file}: {note}", err=True)
    for each in imported.refused:
        typer.echo(f"{file}, line {each.line}: {each.reason}", err=True)
    reinstated = f", {imported.reinstated} reinstated" if imported.reinstated else ""
    refused = f"; {len(imported.refused)} refused" if imported.refused else ""
    typer.echo(
        f"{counted(imported.rows, 'row')} imported: {counted(imported.new_subscribers, 'new subscriber')}, "
        f"{counted(imported.new_subscriptions, 'new subscription')}{reinstated}{refused}"
    )


def export(context: typer.Context, file: FileArgument, config: ConfigOption = None) -> None:
    """Write all subscribers, in every state, to a CSV file that import can read; `-` writes it to stdout.

    Only its owner may read the file. A link, a pipe or a device such as /dev/stdout stays, and gets the content.
    """
    from notifier.files import STDOUT, open_descriptor
    from notifier.subscribers import export_subscribers

    count = export_subscribers(reading_run(context, config).engine, file)
    is_stdout = open_descriptor(file) == STDOUT
    typer.echo(f"{counted(count, 'subscriber')} written to {'stdout' if is_stdout else file}", err=is_stdout)
