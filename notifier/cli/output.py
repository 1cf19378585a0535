"""Printing: one JSON document, or a short table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from threading import Event, Thread
from typing import Any, TypeVar

import typer

UNBROKEN = 1000  # columns

T = TypeVar("T")


def print_json(document: Any) -> None:
    """One JSON document on stdout; dates as ISO 8601."""
    typer.echo(json.dumps(document, default=_plain, ensure_ascii=False, indent=2))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def with_progress(steps: Sequence[T], doing: str) -> Iterable[T]:
    """The steps, one by one, with a bar on a terminal that shows how many are left."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(steps, doing, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def progress_bar(doing: str, total: int, count: Callable[[], int]) -> Iterator[None]:
    """A bar on a terminal for as long as the block runs, that shows what `count` says now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
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


def print_table(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table with aligned columns, numbers to the right; the first column is never broken.

    Only a terminal has a width to keep to: a log or a pipe gets each row on one line.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, name in enumerate(heading):
        numeric = bool(rows) and all(isinstance(row[column], int) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=column == 0)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = UNBROKEN
    console.print(table)
