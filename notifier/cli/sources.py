"""Define the commands about sources: fetch, sources."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, reading_run
from notifier.cli.simulated_clocks import sleep_function, writing_run
from notifier.text.harmless import inert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifier.alerting import AlertChange
    from notifier.operations import SourceSummary
    from notifier.pipeline import SourceReport

NO_SOURCES = 'no sources; add one to the config, such as [sources.daily] with preset = "huggingface"'


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("fetch", epilog="Example: notifier fetch daily")(fetch)
    app.command("sources", epilog="Example: notifier sources --json")(sources)


def fetch(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="The sources to fetch now, even if they are not due. If none is given, all that are due.",
            metavar="[SOURCE]...",
        ),
    ] = None,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the papers of the sources in the config, and ingest them."""
    from notifier import pipeline
    from notifier.alerting import PATIENCE_OF_CRON, alert_changes
    from notifier.cli.output import print_json
    from notifier.topics import catalogue_of

    run = writing_run(context, config, now)
    pipeline.check_source_names(run.config, names or ())
    catalogue_of(run.config)  # a wrong topic is reported before anything is fetched
    reports = (
        pipeline.fetch(run.engine, run.config, run.clock, names)
        if names
        else pipeline.fetch_with_retries(run.engine, run.config, run.clock, sleep_function(now))
    )
    alerts = alert_changes(run.engine, run.config, run.clock(), PATIENCE_OF_CRON)
    pipeline.tag_all(run.engine, run.config)
    if as_json:
        print_json({"sources": [fetch_as_json(each) for each in reports]})
    else:
        print_fetches(
            reports, nothing="no source is due; `notifier sources` says when, `notifier fetch SOURCE` fetches now"
        )
        if not run.config.sources:
            typer.echo(NO_SOURCES)
    print_alerts(alerts)
    if any(each.status == "failed" for each in reports):
        raise typer.Exit(1)


def print_alerts(alerts: Sequence[AlertChange]) -> None:
    """Say on stderr what needs the operator's attention, and what is well again."""
    for alert in alerts:
        typer.echo(inert(f"notifier: {alert.text}"), err=True)


def fetch_as_json(report: SourceReport) -> dict[str, Any]:
    """Return a report as a document for JSON."""
    from dataclasses import asdict

    return asdict(report)


def print_fetches(reports: Sequence[SourceReport], nothing: str = "") -> None:
    """Print a table of the sources that were fetched, and below it what went wrong with each."""
    from notifier.cli.output import print_table

    if not reports and not nothing:
        return
    heading = ("source", "status", "documents", "unchanged", "papers", "new", "next")
    rows = [
        (
            each.name,
            each.status,
            each.documents,
            each.unchanged,
            each.papers,
            each.new,
            _minute(each.next_due),
        )
        for each in reports
    ]
    print_table(heading, rows, nothing=nothing)
    for each in reports:
        _print_remarks(each)


def _print_remarks(report: SourceReport) -> None:
    from notifier.pipeline import describe_skips, describe_unannounced

    if report.is_first and report.documents:
        typer.echo(
            f"{report.name}: this was its first fetch, so these papers are stored without announcing them; "
            "papers that come from now on are announced"
        )
    elif report.unannounced:
        typer.echo(f"{report.name}: {describe_unannounced(report)}")
    if report.status == "busy":
        typer.echo(f"{report.name}: another process fetches it now")
    for incomplete_file in report.waiting:
        typer.echo(inert(f"{report.name}: waits for {incomplete_file}"))
    for dump in report.dumps:
        if said := describe_skips(dump):
            typer.echo(inert(f"{report.name}: {dump.path}: {said}"), err=True)
    if report.problem:
        typer.echo(inert(f"{report.name}: {report.problem}"), err=True)


def sources(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """List the sources: when each was fetched, how many papers came, when it is due next, and whether all is well."""
    from notifier.cli.output import print_json, print_table
    from notifier.operations import list_sources

    run = reading_run(context, config, now)
    found = list_sources(run.engine, run.config, run.clock())
    if as_json:
        print_json([_document(each) for each in found])
        return
    heading = ("source", "from", "last success", "papers", "next", "health")
    print_table(heading, [_row(each, run.clock()) for each in found], nothing=NO_SOURCES)
    for each in found:
        if each.cure:
            typer.echo(inert(f"{each.name}: {each.cure}"))


def _row(source: SourceSummary, now: datetime) -> tuple[str, ...]:
    due = source.next_due
    return (
        source.name,
        source.place,
        _minute(source.last_succeeded_at) or "never",
        f"{source.papers} on {source.papers_on}" if source.papers_on else "none yet",
        "now" if due is None or due <= now else _minute(due),
        source.sentence,
    )


def _document(source: SourceSummary) -> dict[str, Any]:
    """Return what --json prints of a source: `place` is called `from` there."""
    from dataclasses import asdict

    return {("from" if name == "place" else name): value for name, value in asdict(source).items()}


def _minute(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else ""
