"""Print what the commands show: a JSON document, a table, or a progress bar.

rich is slow to import, so it is imported only for a progress bar or a table on a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from threading import Event, Thread
from typing import Any, Literal, TextIO, TypeVar

import typer

from notifier.cli.terminal import shows_every_character, stream_behind
from notifier.text.harmless import inert

UNBROKEN = 1000  # columns; the width of a table that is not on a terminal
GAP = "  "  # between the columns of a table

T = TypeVar("T")


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, with times and dates in ISO 8601.

    Characters that control a terminal, and those that stdout cannot show, are written as escapes of JSON, so that the
    document still holds them.
    """
    text = json.dumps(document, default=_plain, ensure_ascii=not shows_every_character(), indent=2)
    typer.echo("\n".join(line if inert(line) == line else _escaped(line) for line in text.split("\n")))


def _escaped(line: str) -> str:
    return "".join(each if inert(each) == each else json.dumps(each)[1:-1] for each in line)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def with_progress(steps: Sequence[T], doing: str) -> Iterable[T]:
    """Yield the steps one by one; on a terminal a progress bar shows how many are left."""
    if _is_pipe(sys.stderr):
        return steps
    from rich.console import Console
    from rich.progress import track

    console = Console(file=stream_behind(sys.stderr))
    return track(steps, doing, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def progress_bar(doing: str, total: int, count: Callable[[], int]) -> Iterator[None]:
    """Show a progress bar on a terminal while the block runs; `count` returns how much of `total` is done."""
    if _is_pipe(sys.stderr):
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(file=stream_behind(sys.stderr))
    if not (console.is_terminal and total):
        yield
        return
    columns = (doing, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task, ended = progress.add_task(doing, total=total), Event()

        def follow() -> None:
            while not ended.wait(0.2):
                progress.update(task, completed=count())

        follower = Thread(target=follow, daemon=True)
        follower.start()
        try:
            yield
        finally:
            ended.set()
            follower.join()


def print_table(heading: Sequence[str], rows: Sequence[Sequence[object]], *, nothing: str) -> None:
    """Print a table with aligned columns; columns of numbers are aligned to the right.

    If there are no rows, print the sentence `nothing` instead, which says how to get some. Characters that control a
    terminal are replaced. On a terminal, cells that are too long are wrapped, except those of the first column. In a
    log or a pipe, each row is one line.
    """
    if not rows:
        typer.echo(nothing)
        return
    cells = [[inert(str(cell)) for cell in row] for row in rows]
    numeric = [all(isinstance(row[column], int) for row in rows) for column in range(len(heading))]
    if _is_pipe(sys.stdout) and (lines := _plain_lines(heading, cells, numeric)):
        typer.echo("\n".join(lines))
    else:
        _print_rich_table(heading, cells, numeric)


def _is_pipe(stream: TextIO) -> bool:
    """Return whether rich certainly does not treat the stream as a terminal.

    Two environment variables can make rich treat any stream as one.
    """
    return not stream.isatty() and not {"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys()


def _plain_lines(heading: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> list[str] | None:
    """Return the lines that rich would print.

    The result is None if the table has something that rich formats in its own way: characters outside printable ASCII,
    white space at the end of a cell, or a line of more than UNBROKEN columns.
    """
    table = [heading, *rows]
    if not all(cell.isascii() and cell.isprintable() and cell == cell.rstrip() for row in table for cell in row):
        return None
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if sum(widths) + len(GAP) * (len(widths) - 1) > UNBROKEN:
        return None
    aligned = [str.rjust if right else str.ljust for right in numeric]
    return [
        GAP.join(align(cell, width) for align, cell, width in zip(aligned, row, widths, strict=True)) for row in table
    ]


def _print_rich_table(heading: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, name in enumerate(heading):
        justify: Literal["right", "left"] = "right" if numeric[column] else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=column == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=stream_behind(sys.stdout))
    if not console.is_terminal:
        console.width = UNBROKEN
    console.print(table)
