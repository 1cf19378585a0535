"""Define the commands that run the steps: plan, publish, deliver, once."""

from __future__ import annotations

import logging
import signal
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import (
    CommandRun,
    ConfigOption,
    JsonOption,
    NowOption,
    command_run,
    warn_of_exposed_secrets,
)
from notifier.cli.service import exit_on_signals
from notifier.cli.simulated_clocks import allow_clock_or_refuse, sleep_function, writing_run
from notifier.cli.sources import print_alerts
from notifier.models import DeliveryState
from notifier.text.counting import counted
from notifier.text.harmless import inert

if TYPE_CHECKING:
    from notifier.pipeline import DryRun, DumpReport, OnceReport, PlanReport, PublishReport, RemovalReport
    from notifier.returned import InboxReport
    from notifier.sending import DeliveryReport

MAX_LISTED = 50  # at most this many subscribers of a dry run are printed; --json prints only the totals
MAX_REASONS = 5  # at most this many reasons why mail was not accepted are printed
REPORTED_STATES = ("accepted", "deferred", "rejected", "failed", "uncertain", "cancelled", "expired")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("plan", epilog="Example: notifier plan --dry-run --now 2026-12-24T08:00:00+01:00")(plan)
    app.command("publish", epilog="Example: notifier publish --json")(publish)
    app.command("deliver", epilog="Example: notifier deliver --json")(deliver)
    app.command("once", epilog="Example, for cron: notifier --config /etc/notifier/config.toml once")(once)


def plan(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be planned, and write nothing.")] = False,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan a digest for every subscriber who is due."""
    from notifier import pipeline
    from notifier.cli.output import print_json

    run = command_run(context, config, now, only_reads=dry_run)
    if dry_run:
        _show_dry_run(pipeline.plan_dry_run(run.engine, run.config, run.clock()), as_json)
        return
    if now is not None:
        allow_clock_or_refuse(run, now, "add --dry-run to see what it would plan, or ")
    _show_warnings()
    report = pipeline.plan(run.engine, run.config, run.clock())
    if as_json:
        print_json(report)
    else:
        typer.echo(_plan_summary(report))


def _show_dry_run(found: DryRun, as_json: bool) -> None:
    from notifier.cli.output import print_json, print_table

    if as_json:
        print_json(found.report)
        return
    rows = [(each.subscriber.email, each.slot.period, each.papers) for each in found.digests[:MAX_LISTED]]
    nothing = "no digests to plan; `notifier status` says when the next one is due"
    print_table(("subscriber", "period", "papers"), rows, nothing=nothing)
    if len(found.digests) > MAX_LISTED:
        typer.echo(f"and {len(found.digests) - MAX_LISTED} more subscribers")
    typer.echo(f"{_plan_summary(found.report)}; this was a dry run, and nothing was written")


def _show_warnings() -> None:
    """Print the warnings of the steps on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("notifier: %(message)s"))
    logging.getLogger("notifier.pipeline").addHandler(handler)


class _OneLine(logging.Formatter):
    """Format a warning as one line, even if a file name in it contains line breaks."""

    def format(self, record: logging.LogRecord) -> str:
        return inert(super().format(record))


def publish(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Write the feeds of every topic: RSS, Atom, JSON Feed, and a list of them all."""
    from notifier import pipeline
    from notifier.cli.output import print_json

    run = command_run(context, config)
    report = pipeline.publish(run.engine, run.config)
    if as_json:
        print_json(report)
    else:
        typer.echo(_publish_summary(report))
    _print_faults(report)
    if report.failed:
        raise typer.Exit(1)


def deliver(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """Send the mail that is due."""
    from notifier.cli.output import print_json

    exit_on_signals()
    run = writing_run(context, config, now)
    report = send(run)
    if as_json:
        print_json(_delivery_document(report))
    else:
        typer.echo(_delivery_summary(report))
    _report_failures(report)


def _tidy(run: CommandRun) -> RemovalReport:
    """Remove what is old, and renew the basis of the papers' vectors if that is due."""
    from notifier import pipeline

    removed = pipeline.remove_old(run.engine, run.config, run.clock())
    pipeline.refit(run.engine)
    return removed


def once(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """Fetch what is due, ingest the dumps folder, plan, publish and deliver: one run of the service, for cron."""
    from notifier import pipeline
    from notifier.models import DumpStatus
    from notifier.returned import read_inbox

    run = writing_run(context, config, now)
    _show_warnings()
    warn_of_exposed_secrets(context, config, run)
    pipeline.remove_abandoned_files(run.engine, run.config)
    steps = pipeline.CallerSteps(
        fetch=partial(pipeline.fetch_with_retries, run.engine, run.config, run.clock, sleep_function(now)),
        ingest=partial(_ingest_folder, run),
        receive=partial(read_inbox, run.engine, run.config, run.clock),
        deliver=partial(send, run),
        remove=partial(_tidy, run),
    )
    done = pipeline.once(run.engine, run.config, run.clock, steps)
    _show_once(done, as_json)
    print_alerts(done.alerts or ())
    if done.publish:
        _print_faults(done.publish)
    if done.removed and done.removed.doubt:
        typer.echo(f"notifier: {done.removed.doubt}", err=True)
    errors = list(done.errors.values())
    for error in errors[1:]:
        typer.echo(inert(f"notifier: {error}"), err=True)
    if errors:
        raise errors[0]
    if done.deliver:
        _report_failures(done.deliver)
    if any(each.is_new_problem for each in done.sources or ()):
        raise typer.Exit(1)
    bad = (DumpStatus.QUARANTINED, DumpStatus.FAILED)
    if any(report.status in bad or report.unmoved for report in done.dumps or ()):
        raise typer.Exit(1)
    if done.publish and done.publish.failed:
        raise typer.Exit(1)


def _ingest_folder(run: CommandRun) -> list[DumpReport]:
    from notifier.files import DumpsFolder
    from notifier.pipeline import ingest_folder, move_back_changed_files, settings_for

    folder = DumpsFolder(run.config.path(run.config.ingest.folder))
    move_back_changed_files(run.engine, folder, run.clock())
    settings = settings_for(run.engine, run.config)
    return ingest_folder(run.engine, folder, folder.wait_for_complete_files(), run.clock(), settings)


def _show_once(done: OnceReport, as_json: bool) -> None:
    from notifier.cli.ingest import print_dumps
    from notifier.cli.output import print_json
    from notifier.cli.sources import fetch_as_json, print_fetches

    if as_json:
        delivered = _delivery_document(done.deliver) if done.deliver else None
        sources = None if done.sources is None else [fetch_as_json(each) for each in done.sources]
        steps = {"dumps": done.dumps, "alerts": done.alerts, "plan": done.plan, "publish": done.publish}
        print_json({"sources": sources, **steps, "inbox": done.inbox, "deliver": delivered, "removed": done.removed})
        return
    print_fetches(done.sources or ())
    if done.dumps:
        print_dumps(list(done.dumps))
    if done.inbox:
        typer.echo(_inbox_summary(done.inbox))
    if done.plan:
        typer.echo(_plan_summary(done.plan))
    if done.publish:
        typer.echo(_publish_summary(done.publish))
    if done.deliver:
        typer.echo(_delivery_summary(done.deliver))


def send(run: CommandRun) -> DeliveryReport:
    """Send what is due, with a progress bar on a terminal; on a signal to stop, finish the mail that is being sent."""
    from notifier import pipeline
    from notifier.cli.output import progress_bar
    from notifier.operations import count_due_deliveries
    from notifier.sending import DeliveryReport

    logging.getLogger("notifier").addHandler(logging.NullHandler())  # failures are reported only at the end
    stopping, report = Event(), DeliveryReport()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    with progress_bar("Sending", count_due_deliveries(run.engine, run.clock()), report.states.total):
        pipeline.deliver(run.engine, run.config, run.clock, stopping, report)
    exit_on_signals()
    return report


def counts(report: DeliveryReport) -> dict[str, Any]:
    """Return how many messages ended in each state that `deliver` reports."""
    return {state: report.states[DeliveryState(state.upper())] for state in REPORTED_STATES}


def _delivery_document(report: DeliveryReport) -> dict[str, Any]:
    """Return a report as a document for JSON: the counts of mails, and beside them those of events."""
    return {**counts(report), "events": None if report.events is None else counts(report.events)}


def _plan_summary(report: PlanReport) -> str:
    return f"subscribers due: {report.due}; digests planned: {report.digests}; with nothing new: {report.skipped}"


def _inbox_summary(report: InboxReport) -> str:
    kinds = [f"{number} {kind}" for kind, number in sorted(report.kinds.items())]
    return f"returned mail: {', '.join(kinds) or 'nothing new'}"


def _print_faults(report: PublishReport) -> None:
    for fault in report.faults:
        typer.echo(f"notifier: {fault}", err=True)


def _publish_summary(report: PublishReport) -> str:
    written = f"{counted(report.written, 'file')} written, {report.unchanged} unchanged"
    return f"{counted(report.feeds, 'feed')}: {written}"


def _delivery_summary(report: DeliveryReport) -> str:
    parts = [f"{number} {state}" for state, number in counts(report).items() if number]
    sent = f"mail: {', '.join(parts) or 'nothing to send'}"
    return f"{sent}\n{_events_summary(report.events)}" if report.events and report.events.states.total() else sent


def _events_summary(report: DeliveryReport) -> str:
    shown = ", ".join(f"{number} {state}" for state, number in counts(report).items() if number)
    return f"events and channels: {shown}"


def _report_failures(report: DeliveryReport) -> None:
    """Print why mail was not accepted, and why sending is paused.

    Exit with 1 if a message failed or this run paused sending. A pause that an earlier run began (`waiting_reason`) was
    reported by that run, so it does not change the exit code.
    """
    for reason, number in report.reasons.most_common(MAX_REASONS):
        typer.echo(f"notifier: {number} {reason}", err=True)
    if why := report.pause_reason or report.waiting_reason:
        typer.echo(f"notifier: the relay is paused: {why}; check [smtp], then `notifier status`", err=True)
    for reason, number in report.events.reasons.most_common(MAX_REASONS) if report.events else ():
        typer.echo(f"notifier: {counted(number, 'event')} {reason}", err=True)
    if report.pause_reason or any(each.states[DeliveryState.FAILED] for each in (report, report.events) if each):
        raise typer.Exit(1)
