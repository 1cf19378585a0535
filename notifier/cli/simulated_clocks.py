"""Refuse `--now` where it would write dates that leave subscribers without mail.

A digest that is planned for a far date leaves its subscriber without mail until then. So a command that writes accepts
an instant far from the machine's clock only for a database that was made with such a clock, as the demo's may be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from notifier.cli.options import CommandRun, command_run
from notifier.errors import UsageError
from notifier.text.counting import counted

FARTHEST = timedelta(days=7)
DAY, YEAR = timedelta(days=1), timedelta(days=365.25)


def writing_run(context: typer.Context, config: Path | None, now: str | None) -> CommandRun:
    """Return the same as `command_run`, for a command that writes.

    Raises UsageError if `now` is far from the machine's clock. A database without dumps and subscribers is marked as
    made for a simulated clock, and then accepts any `now`.
    """
    run = command_run(context, config, now)
    if now is not None:
        allow_clock_or_refuse(run, now)
    return run


def sleep_function(now: str | None) -> Callable[[float], None]:
    """Return the function with which a command waits before it tries again. With `--now` it returns at once."""
    return time.sleep if now is None else lambda _: None


def allow_clock_or_refuse(run: CommandRun, now: str, cure: str = "") -> None:
    """Check that a command may write with the clock of `--now`, and mark an empty database as made for such a clock.

    Raises UsageError if the clock is far from the machine's and the database holds data that was not made with such a
    clock. `cure` says what else the command offers, such as `add --dry-run to see the result, or `.
    """
    from notifier.store import retried, simulated_clock, writing

    @retried
    def mark_if_empty() -> bool:
        with writing(run.engine) as connection:
            return simulated_clock.mark_if_empty(connection, instant)

    instant = run.clock()
    distance = abs(instant - datetime.now(UTC))
    if distance <= FARTHEST:
        return
    if mark_if_empty():
        return
    raise UsageError(
        f"--now {now} is {_duration(distance)} from this machine's clock and would leave subscribers without mail; "
        f"{cure}try it on a new database, with --now in its first command (NOTIFIER_STORE__URL=sqlite:///try.db)"
    )


def _duration(distance: timedelta) -> str:
    return f"{distance / YEAR:.1f} years" if distance >= YEAR else counted(distance // DAY, "day")
