"""Verbs beneath `subscribers`: import, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, session

if TYPE_CHECKING:
    from notifier.subscribers import ImportReport

FileArgument = Annotated[Path, typer.Argument(help="The CSV file.", metavar="FILE.csv")]


def register(app: typer.Typer) -> None:
    """Add this file's verbs."""
    app.command("import", epilog="Example: notifier subscribers import readers.csv")(import_)
    app.command("export", epilog="Example: notifier subscribers export readers.csv")(export)


def import_(
    context: typer.Context,
    file: FileArgument,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign up the readers of a CSV file with some of these columns, in UTF-8; only email is needed:

    email,state,query,topic,cadence,hour,timezone

    One row per subscription, with commas, semicolons or tabs. State ACTIVE says that a new reader has agreed; without
    it they are PENDING. To known readers, what is new is added; nobody who left is brought back. Rows that are wrong
    are listed by line, the others taken; the exit code is 1 then.
    """
    from functools import partial

    from notifier.cli.output import print_json, with_progress
    from notifier.subscribers import import_subscribers

    run = session(context, config, now)
    watched = partial(with_progress, doing=f"reading {file.name}")
    imported = import_subscribers(run.engine, run.config, file, run.clock(), watched)
    if as_json:
        print_json(imported)
    else:
        _show(imported, file)
    if imported.refused:
        raise typer.Exit(1)


def _show(imported: ImportReport, file: Path) -> None:
    for each in imported.refused:
        typer.echo(f"{file}, line {each.line}: {each.reason}", err=True)
    refused = f"; {len(imported.refused)} refused" if imported.refused else ""
    typer.echo(
        f"{imported.rows} rows taken: {imported.new_subscribers} new readers, "
        f"{imported.new_subscriptions} new subscriptions{refused}"
    )


def export(context: typer.Context, file: FileArgument, config: ConfigOption = None) -> None:
    """Write all readers, in every state, to a CSV file that import reads back; it replaces the file."""
    from notifier.subscribers import export_subscribers

    readers = export_subscribers(session(context, config).engine, file)
    typer.echo(f"{readers} readers written to {file}")
