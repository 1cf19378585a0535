"""Define the commands that run until they are stopped: serve and worker."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import typer

from notifier.cli.options import ConfigOption, NowOption, clock_from
from notifier.cli.simulated_clocks import writing_run


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("serve", epilog="Example: notifier --config /etc/notifier/config.toml serve")(serve)
    app.command("worker", epilog="Example: notifier --config /etc/notifier/config.toml worker")(worker)


def serve(context: typer.Context, config: ConfigOption = None, now: NowOption = None) -> None:
    """Run the service: ingest dumps as they come, plan digests when they are due, send mail, serve the web pages."""
    _exit_on_signals_until_started()
    from notifier.service import serve as run_service

    file = _configure_logs(context, config)
    writing_run(context, config, now)  # only for its checks of the config and of --now
    run_service(file, clock_from(now))


def worker(context: typer.Context, config: ConfigOption = None, now: NowOption = None) -> None:
    """Run another sender beside the service; it only delivers."""
    _exit_on_signals_until_started()
    from notifier.service import work

    file = _configure_logs(context, config)
    writing_run(context, config, now)  # only for its checks of the config and of --now
    work(file, clock_from(now))


def _exit_on_signals_until_started() -> None:
    """Exit at once on a signal to stop, and ignore one to reload, until the service has started."""
    exit_on_signals()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def exit_on_signals() -> None:
    """Exit at once on a signal to stop. This is safe while no mail is being sent."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))


def _configure_logs(context: typer.Context, config: Path | None) -> Path | None:
    """Configure the logs as the config says, and return the file of the config."""
    from notifier.config import load
    from notifier.service.logs import configure

    file: Path | None = config or context.obj
    configure(load(file).log.format)
    return file
