"""Define the commands about quarantined dumps: quarantine, and its subcommands retry and drop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import CommandRun, ConfigOption, JsonOption, NowOption, command_run, reading_run
from notifier.cli.simulated_clocks import writing_run

if TYPE_CHECKING:
    from notifier.files import DumpsFolder

PathArgument = Annotated[Path, typer.Argument(help="The file, as the list shows it, or its name.", metavar="PATH")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog="Example: notifier quarantine --json")(quarantine)
    group.command("retry", epilog="Example: notifier quarantine retry var/quarantine/papers.json")(retry)
    group.command("drop", epilog="Example: notifier quarantine drop var/quarantine/papers.json")(drop)
    app.add_typer(group, name="quarantine")


def quarantine(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the dumps that were quarantined because they could not be read, and why."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier import pipeline
    from notifier.cli.output import print_json, print_table

    found = pipeline.list_quarantined(reading_run(context, config).engine)
    if as_json:
        print_json(found)
        return
    rows = [(each.path, f"{each.at:%Y-%m-%d %H:%M}", each.reason) for each in found]
    print_table(("path", "since (UTC)", "reason"), rows, nothing="no dump is quarantined")
    if found:
        typer.echo("`notifier quarantine retry PATH` reads one again; `notifier quarantine drop PATH` removes it")


def retry(
    context: typer.Context,
    path: PathArgument,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a quarantined dump again, for example after it was corrected or a limit was raised."""
    from notifier import pipeline
    from notifier.cli.ingest import print_dumps
    from notifier.cli.output import print_json
    from notifier.models import DumpStatus

    run = writing_run(context, config, now)
    report = pipeline.retry_quarantined(
        run.engine, _folder(run), path, run.clock(), pipeline.settings_for(run.engine, run.config)
    )
    pipeline.tag_all(run.engine, run.config)
    if as_json:
        print_json(report)
    else:
        print_dumps([report])
    if report.status in (DumpStatus.QUARANTINED, DumpStatus.FAILED):
        raise typer.Exit(1)


def drop(context: typer.Context, path: PathArgument, config: ConfigOption = None) -> None:
    """Delete a quarantined dump; a file outside of the quarantine folder is only taken off the list."""
    from notifier import pipeline
    from notifier.files import path_text

    run = command_run(context, config)
    is_deleted = pipeline.drop_quarantined(run.engine, _folder(run), path)
    done = "is deleted" if is_deleted else "is off the list; the file itself stays where it is"
    typer.echo(f"{path_text(path)} {done}")


def _folder(run: CommandRun) -> DumpsFolder:
    from notifier.files import DumpsFolder

    return DumpsFolder(run.config.path(run.config.ingest.folder))
