"""The command doctor, which finds what is wrong with a set-up, and names the cure."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption
from notifier.text.counting import counted
from notifier.text.harmless import inert

if TYPE_CHECKING:
    from notifier.operations.doctor import Finding, Report

_WIDTH, _WIDEST = 80, 100  # columns: in a pipe, and on a wide terminal
_INDENT = " " * 11  # before every line of a finding but the first
_MOST_OK = 6  # findings with the state OK that are shown of one area; --json has all


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("doctor", epilog="Example: notifier doctor --send-to ann@example.org")(doctor)


def doctor(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    send_to: Annotated[
        str | None,
        typer.Option("--send-to", help="Also send a mail to this address, over the relay.", metavar="ADDRESS"),
    ] = None,
) -> None:
    """Find what is wrong with the set-up, and say what helps. It changes nothing, and takes at most about 15 seconds.

    It looks at the config, the files, the disk, the database, the clock, the relay, the records of the sender's domain,
    the pages, the sources and the templates. The exit code is 1 if something does not work.
    """
    from notifier.operations.doctor import State, examine

    address = _address(send_to)
    report = examine(config or context.obj, datetime.now(UTC), send_to=address)
    _print_json(report) if as_json else _print(report)
    code = 1 if report.count(State.FAULT) else 0
    if not report.is_complete:
        # A thread that waits for a name server cannot be stopped, and Python would wait for it.
        sys.stdout.flush()
        os._exit(code)
    raise typer.Exit(code)


def _address(given: str | None) -> str:
    """Return the address in its normal form; empty if none was given. Raises UsageError if it is not valid."""
    if given is None:
        return ""
    from notifier.text.addresses import parse_new_address

    return parse_new_address(given)


def _print_json(report: Report) -> None:
    from notifier.cli.output import print_json
    from notifier.operations.doctor import State

    counts: dict[str, Any] = {str(state): report.count(state) for state in State}
    print_json({"counts": counts, "findings": report.findings})


def _print(report: Report) -> None:
    """Print the findings by area; areas with faults come last, and so do the faults in them."""
    from notifier.operations.doctor import State

    width = min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else _WIDTH
    areas: dict[str, list[Finding]] = {}
    for each in report.findings:
        areas.setdefault(each.area, []).append(each)
    order = [State.OK, State.SKIPPED, State.WARNING, State.FAULT]
    for area, found in sorted(areas.items(), key=lambda each: any(one.state is State.FAULT for one in each[1])):
        lines = _lines(sorted(found, key=lambda each: order.index(each.state)), width)
        typer.echo("\n".join([area, *lines, ""]))
    typer.echo(_summary(report))


def _lines(found: Sequence[Finding], width: int) -> Iterator[str]:
    from notifier.operations.doctor import State

    fine = [each for each in found if each.state is State.OK]
    for each in fine[:_MOST_OK]:
        yield from _wrapped(f"{each.about}: {each.what}", width, f"  {each.state:<8} ", _INDENT)
    if len(fine) > _MOST_OK:
        yield f"  ok       {len(fine) - _MOST_OK} more; --json shows them"
    for each in found[len(fine) :]:
        yield from _wrapped(f"{each.about}: {each.what}", width, f"  {each.state:<8} ", _INDENT)
        if each.cure:
            yield from _wrapped(f"cure: {each.cure}", width, _INDENT, f"{_INDENT}      ")


def _wrapped(text: str, width: int, first: str, others: str) -> list[str]:
    """Return a text in lines of at most this width; a long word, such as a path, is not broken."""
    return wrap(
        inert(text),
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(report: Report) -> str:
    from notifier.operations.doctor import State

    faults, warnings, skipped = map(report.count, (State.FAULT, State.WARNING, State.SKIPPED))
    told = f"{counted(faults, 'fault') if faults else 'no fault'}, {counted(warnings, 'warning')}"
    return f"{told}; {counted(skipped, 'check')} could not be made" if skipped else told
