"""Write all subscribers into a CSV file."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from notifier.files import write_private
from notifier.store import reading, subscribers
from notifier.subscribers.csv_rows import COLUMNS, rows_of
from notifier.subscribers.spreadsheet import write_rows


def export_subscribers(engine: Engine, path: Path) -> int:
    """Write all subscribers, sorted by address, to the file at `path`, and return how many there are.

    The path `-` means stdout. `write_private` describes how it treats an existing file, a link, a pipe or a device, and
    which errors it raises.
    """
    content, number = export_content(engine)
    write_private(path, content)
    return number


def export_content(engine: Engine) -> tuple[bytes, int]:
    """Return a CSV file with all subscribers, sorted by address, and how many there are."""
    with reading(engine) as connection:
        everyone = subscribers.everyone(connection)
    return write_rows(COLUMNS, (row for one in everyone for row in rows_of(one))), len(everyone)
