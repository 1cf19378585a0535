"""Verbs that tell readers: plan, publish, deliver, once, serve, worker."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, Session, clock_from, session
from notifier.models import DeliveryState

if TYPE_CHECKING:
    from notifier.pipeline.planning import PlanReport
    from notifier.pipeline.publishing import PublishReport
    from notifier.sending.report import DeliveryReport

REASONS = 5  # told, of why mail was not accepted
COUNTED = ("accepted", "deferred", "rejected", "failed", "uncertain", "cancelled", "expired")


def register(app: typer.Typer) -> None:
    """Add this file's verbs."""
    app.command("plan", epilog="Example: notifier plan --now 2026-07-06T08:00:00+02:00")(plan)
    app.command("publish", epilog="Example: notifier publish --json")(publish)
    app.command("deliver", epilog="Example: notifier deliver --json")(deliver)
    app.command("serve", epilog="Example: notifier --config /etc/notifier/config.toml serve")(serve)
    app.command("worker", epilog="Example: notifier --config /etc/notifier/config.toml worker")(worker)
    app.command("once", epilog="Example, for cron: notifier --config /etc/notifier/config.toml once")(once)


def plan(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """Write a digest for every subscriber who is due."""
    from notifier.cli.output import print_json
    from notifier.pipeline.planning import plan as write_digests

    run = session(context, config, now)
    planned = write_digests(run.engine, run.config, run.clock())
    if as_json:
        print_json(planned)
    else:
        typer.echo(_planned(planned))


def publish(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Write the feeds of every topic: RSS, Atom, JSON Feed, and a list of them all."""
    from notifier.cli.output import print_json
    from notifier.pipeline.publishing import publish as write_feeds

    run = session(context, config)
    published = write_feeds(run.engine, run.config)
    if as_json:
        print_json(published)
    else:
        typer.echo(_published(published))


def deliver(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """Send the mail that is due."""
    from notifier.cli.output import print_json

    _stop_quietly()
    run = session(context, config, now)
    delivered = send(run)
    if as_json:
        print_json(counts(delivered))
    else:
        typer.echo(_delivered(delivered))
    _exit_on_trouble(delivered)


def once(
    context: typer.Context, config: ConfigOption = None, now: NowOption = None, as_json: JsonOption = False
) -> None:
    """Ingest the dumps folder, plan, publish and deliver: one run of the whole service, for cron."""
    from notifier.cli.output import print_json
    from notifier.cli.papers import show
    from notifier.files.dumps_folder import DumpsFolder
    from notifier.models import DumpStatus
    from notifier.pipeline.ingesting import ingest_folder, settings_for
    from notifier.pipeline.planning import plan as write_digests
    from notifier.pipeline.publishing import publish as write_feeds

    run = session(context, config, now)
    folder = DumpsFolder(run.config.path(run.config.ingest.folder))
    reports = ingest_folder(run.engine, folder, folder.wait(), run.clock(), settings_for(run.config))
    planned = write_digests(run.engine, run.config, run.clock())
    published = write_feeds(run.engine, run.config)
    delivered = send(run)
    if as_json:
        print_json({"dumps": reports, "plan": planned, "publish": published, "deliver": counts(delivered)})
    else:
        if reports:
            show(reports)
        typer.echo(_planned(planned))
        typer.echo(_published(published))
        typer.echo(_delivered(delivered))
    if any(report.status is DumpStatus.QUARANTINED for report in reports):
        raise typer.Exit(1)
    _exit_on_trouble(delivered)


def serve(context: typer.Context, config: ConfigOption = None, now: NowOption = None) -> None:
    """Run the service: dumps as they come, digests when they are due, mail, feeds and the web pages."""
    _stop_quietly_until_started()
    from notifier.service import serve as run_service

    file = _logging_config(context, config)
    run_service(file, clock_from(now))


def worker(context: typer.Context, config: ConfigOption = None, now: NowOption = None) -> None:
    """Run a sender beside the service: it only delivers."""
    _stop_quietly_until_started()
    from notifier.service import work

    file = _logging_config(context, config)
    work(file, clock_from(now))


def _stop_quietly_until_started() -> None:
    """A service that is told to stop, or to read its config again, while it is still being loaded."""
    _stop_quietly()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _stop_quietly() -> None:
    """Who is told to stop and has no mail on the wire has nothing to finish."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))


def _logging_config(context: typer.Context, config: Path | None) -> Path | None:
    """The config file that the options name, once the logs go where it says."""
    from notifier.config import load
    from notifier.service.logs import configure

    file: Path | None = config or context.obj
    configure(load(file).log.format)
    return file


def send(run: Session) -> DeliveryReport:
    """Deliver what is due, with a bar on a terminal; told to stop, it finishes the mail on the wire."""
    from notifier.cli.output import progress_bar
    from notifier.operations.status import waiting
    from notifier.sending.report import DeliveryReport
    from notifier.sending.run import deliver as hand_over
    from notifier.sending.run import within_grace
    from notifier.sending.sender import sender_for

    logging.getLogger("notifier").addHandler(logging.NullHandler())  # what went wrong is told at the end, once
    sender, stopping, done = sender_for(run.engine, run.config, run.clock), Event(), DeliveryReport()

    async def until_stopped() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await within_grace(hand_over(sender, stopping, done), stopping)

    with progress_bar("Sending", waiting(run.engine, run.clock()), done.states.total):
        asyncio.run(until_stopped())
    _stop_quietly()  # the loop took its handlers with it
    if done.states.total():
        for reason in sender.composer.why_slow:
            typer.echo(f"note: {reason}", err=True)
    return done


def counts(delivered: DeliveryReport) -> dict[str, Any]:
    """How many messages ended in each state that `deliver` reports."""
    return {state: delivered.states[DeliveryState(state.upper())] for state in COUNTED}


def _planned(planned: PlanReport) -> str:
    return f"{planned.due} due: {planned.digests} digests, {planned.skipped} with nothing new"


def _published(published: PublishReport) -> str:
    return f"{published.feeds} feeds: {published.written} files written, {published.unchanged} unchanged"


def _delivered(delivered: DeliveryReport) -> str:
    parts = [f"{number} {state}" for state, number in counts(delivered).items() if number]
    return f"mail: {', '.join(parts) or 'nothing to send'}"


def _exit_on_trouble(delivered: DeliveryReport) -> None:
    for reason, number in delivered.reasons.most_common(REASONS):
        typer.echo(f"notifier: {number} {reason}", err=True)
    if why := delivered.trouble or delivered.waits:
        typer.echo(f"notifier: the relay is left alone for now: {why}; check [smtp]", err=True)
    if delivered.trouble or delivered.states[DeliveryState.FAILED]:
        raise typer.Exit(1)
