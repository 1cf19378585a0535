"""Hold the options that several commands share, and the config, the clock and the database of a command."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.errors import UsageError
from notifier.models import Clock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from notifier.config import Config

log = logging.getLogger("notifier")

FIRST_YEAR, LAST_YEAR = 1900, 2999  # the range of the years that options accept

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The config file (default: ./config.toml).", metavar="FILE")
]
KeyArgument = Annotated[
    str, typer.Argument(help="The paper's key: its arXiv id, or the end of its page's address.", metavar="KEY")
]
NowOption = Annotated[
    str | None,
    typer.Option("--now", help="Start the clock at this time, such as 2026-07-06T08:00:00+02:00.", metavar="ISO-8601"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@dataclass(frozen=True)
class CommandRun:
    """The config, the clock and the database of one run of a command. The database is opened at its first use.

    A command that `only_reads` makes no database: if there is none, it works on an empty one in a temporary folder.
    """

    config: Config
    clock: Clock
    only_reads: bool = False

    @cached_property
    def engine(self) -> Engine:
        """The database; it is made or upgraded if necessary."""
        from notifier.store import open_store

        if self.only_reads and self.has_no_database:
            return open_store(f"sqlite:///{self._temporary_folder.name}/empty.db")
        return open_store(self.config.store_url, self.config.store.connections)

    @cached_property
    def has_no_database(self) -> bool:
        """Whether the store is a SQLite file that did not exist when this was first asked."""
        file = self.config.database_file
        return file is not None and not file.exists()

    @cached_property
    def _temporary_folder(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory(prefix="notifier-")

    def close(self) -> None:
        """Close the database if it was opened; SQLite then deletes the database's `-wal` and `-shm` files."""
        if "engine" in vars(self):
            self.engine.dispose()
        if "_temporary_folder" in vars(self):
            self._temporary_folder.cleanup()


def reading_run(context: typer.Context, config: Path | None, now: str | None = None) -> CommandRun:
    """Return the same as `command_run`, for a command that only reads."""
    return command_run(context, config, now, only_reads=True)


def command_run(
    context: typer.Context, config: Path | None, now: str | None = None, *, only_reads: bool = False
) -> CommandRun:
    """Return the config, the clock and the database of a command. If `now` is given, the clock starts at it.

    `--config` may come before or after the command; if it comes twice, the one after the command counts. A warning
    names each environment variable that looks like a key of the config but is not one.
    """
    from notifier.config import load, unknown_variables

    run = CommandRun(load(config or context.obj), clock_from(now), only_reads)
    for warning in unknown_variables():
        log.warning("%s", warning)
    context.call_on_close(run.close)
    return run


def warn_of_exposed_secrets(context: typer.Context, config: Path | None, run: CommandRun) -> None:
    """Warn on stderr about each file that holds a secret and that other users of the machine may read."""
    from notifier.config import chosen_file
    from notifier.operations import exposed_secrets

    for warning in exposed_secrets(run.config, chosen_file(config or context.obj)):
        typer.echo(f"warning: {warning}", err=True)


def clock_from(now: str | None) -> Clock:
    """Return the system's clock, or a clock that starts at `now` if it is given. Raises UsageError if it is no time."""
    if now is None:
        return lambda: datetime.now(UTC)
    try:
        start = datetime.fromisoformat(now)
    except ValueError:
        raise UsageError(f"--now {now!r} is not an ISO 8601 time; write it like 2026-07-06T08:00:00+02:00") from None
    _check_year(start, "--now")
    return clock_starting_at(start if start.tzinfo else start.replace(tzinfo=UTC))


def day_from(text: str | None, option: str) -> date | None:
    """Return the day that an option gives, or None if it was not given. Raises UsageError if it is no day."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"{option} {text!r} is not a day; write it like 2026-07-06") from None
    _check_year(day, option)
    return day


def instant_from(text: str | None, option: str) -> datetime | None:
    """Return the instant that an option gives, or None if it was not given. Raises UsageError if it is no time.

    A text without a zone is in UTC, and one without a time of day means midnight.
    """
    try:
        instant = datetime.fromisoformat(text) if text else None
    except ValueError:
        message = f"{option} {text!r} is not an ISO 8601 time; write it like 2026-07-06 or 2026-07-06T08:00:00+02:00"
        raise UsageError(message) from None
    _check_year(instant, option)
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant


def _check_year(day: date | None, option: str) -> None:
    """Raise UsageError for a day outside FIRST_YEAR to LAST_YEAR. Date arithmetic may overflow for such a day."""
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UsageError(f"{option} is in the year {day.year}; give a time from {FIRST_YEAR} to {LAST_YEAR}")


def clock_starting_at(start: datetime) -> Clock:
    """Return a clock that shows `start`, in UTC, when it is first read, and goes on from there."""
    started: list[float] = []

    def read() -> datetime:
        if not started:
            started.append(time.monotonic())
            return start.astimezone(UTC)
        elapsed = time.monotonic() - started[0]
        return datetime.fromtimestamp(start.timestamp() + elapsed, UTC)

    return read
