"""Define the command that ingests dumps, and print what came of dumps."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import CommandRun, ConfigOption, JsonOption, NowOption, day_from
from notifier.cli.simulated_clocks import writing_run
from notifier.text.counting import counted

_URL = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*+://")
MAX_CUTS = 5  # the largest number of cut fields that are printed for a dump

if TYPE_CHECKING:
    from notifier.files import DumpFile
    from notifier.pipeline import DumpReport, IngestSettings

    Reader = Callable[[Path, int], DumpFile]


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("ingest", epilog="Example: notifier ingest seeds/")(ingest)


def ingest(
    context: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(help="Dumps, folders of dumps, or URLs; - is stdin.", metavar="PATH|URL")
    ],
    day: Annotated[str | None, typer.Option("--date", help="The listing day.", metavar="YYYY-MM-DD")] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Store the papers without announcing them.")] = False,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ingest dumps of papers: copied pages, JSON, feeds and OAI-PMH pages, as they are or as gzip or xz.

    A URL is fetched once; to fetch it again and again, add it to the config as a source.
    """
    from notifier import pipeline
    from notifier.cli.output import print_json
    from notifier.models import DumpStatus

    listed_on = day_from(day, "--date")
    dumps = [dump for typed in paths for dump in _dumps(typed)]
    run = writing_run(context, config, now)
    settings = pipeline.settings_for(run.engine, run.config, archive=archive)
    reports = [
        _ingest_url(run, dump, listed_on, settings)
        if isinstance(dump, str)
        else pipeline.ingest_given(run.engine, dump[0], listed_on, run.clock(), replace(settings, read=dump[1]))
        for dump in dumps
    ]
    pipeline.tag_all(run.engine, run.config)
    if as_json:
        print_json({"dumps": reports})
    else:
        print_dumps(reports)
    if any(report.status in (DumpStatus.QUARANTINED, DumpStatus.FAILED) for report in reports):
        raise typer.Exit(1)


def _dumps(typed: str) -> list[str | tuple[Path, Reader]]:
    """Return the dumps of an argument: a URL, or the path of each file and the function that reads it.

    Raises UsageError if there is no such file.
    """
    from notifier.files import dump_paths, read_any_file, read_regular_file

    if _URL.match(typed):
        return [typed]
    given = Path(typed)
    return [(path, read_regular_file if given.is_dir() else read_any_file) for path in dump_paths(given)]


def _ingest_url(run: CommandRun, url: str, day: date | None, settings: IngestSettings) -> DumpReport:
    """Fetch the dump at a URL and ingest it. A dump that cannot be fetched is reported as FAILED."""
    from notifier import pipeline
    from notifier.fetching import shown_url

    reading = replace(settings, read=pipeline.url_reader(run.config, url))
    report = pipeline.ingest_given(run.engine, pipeline.name_in(url), day, run.clock(), reading)
    return replace(report, path=shown_url(url))


def print_dumps(reports: list[DumpReport]) -> None:
    """Print a table of dumps, and below it how many were known already, and what went wrong with each dump."""
    from notifier.cli.output import print_table
    from notifier.models import DumpStatus
    from notifier.pipeline import describe_skips
    from notifier.text.harmless import inert

    heading = ("dump", "status", "listed on", "listings", "new", "known", "skipped")
    rows = [
        (
            Path(each.path).name,
            each.status,
            each.listed_on or "",
            each.listings,
            each.new,
            each.papers - each.new,
            len(each.skipped),
        )
        for each in reports
    ]
    print_table(heading, rows, nothing="no dumps to ingest; give files, or a folder that has some")
    if known := sum(each.status is DumpStatus.KNOWN for each in reports):
        dumps = counted(known, "dump was", "dumps were")
        typer.echo(f"{dumps} known already: the same bytes were ingested before, and nothing changed")
    if chrome := sum(each.chrome_lines for each in reports):
        lines = counted(chrome, "line of the copied pages belongs", "lines of the copied pages belong")
        typer.echo(f"{lines} to no paper: menus, buttons, counts and the like")
    for each in reports:
        for message in (each.reason, describe_skips(each), each.unmoved):
            if message:
                typer.echo(inert(f"{each.path}: {message}"), err=True)
        for cut in each.cut[:MAX_CUTS]:
            typer.echo(inert(f"{each.path}, {cut.where}: {cut.reason}"), err=True)
        if len(each.cut) > MAX_CUTS:
            typer.echo(
                inert(f"{each.path}: {len(each.cut) - MAX_CUTS:,} more fields were cut; --json lists them"), err=True
            )
