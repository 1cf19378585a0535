"""List quarantined dumps, read them again, or drop them.

A file of the dumps folder that is no dump is moved to the quarantine folder, and recorded in the database. If the
operator gave the path of a file, the file stays where it is, and is only recorded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from notifier.errors import UsageError
from notifier.files import DumpsFolder, path_text, read_any_file, read_beginning, read_dump, recorded_path
from notifier.models import DumpStatus
from notifier.pipeline.ingesting import DumpReport, IngestSettings, ingest_given
from notifier.pipeline.moved_files import watch
from notifier.sources import look_at
from notifier.store import dumps, reading, retried, writing
from notifier.text.harmless import inert_lines

READ_BYTES = 1 << 16  # of a file whose beginning is shown
SHOWN_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """A quarantined file: where it is now, why it is quarantined, and since when."""

    path: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DumpBeginning:
    """The first characters of a file as harmless text, its size in bytes, and the format that it seems to have.

    If it seems to have none, `format` says why.
    """

    text: str
    size: int
    format: str
    is_whole: bool


def list_quarantined(engine: Engine) -> list[QuarantineRecord]:
    """Return the quarantined files, the newest first."""
    with reading(engine) as connection:
        return [QuarantineRecord(row.path, row.reason, row.at) for row in dumps.quarantined_files(connection)]


def look_at_quarantined(engine: Engine, folder: DumpsFolder, given: Path) -> DumpBeginning:
    """Return the beginning of a quarantined file.

    Raises UsageError if no such file is quarantined, and FileError if it cannot be read or is not a regular file.
    """
    path = _find(engine, folder, given)
    content, size = read_beginning(path, READ_BYTES)
    form, text = look_at(content)
    shown = inert_lines(text.replace("\r\n", "\n")[:SHOWN_CHARACTERS])
    return DumpBeginning(shown, size, form, is_whole=len(text) <= SHOWN_CHARACTERS and len(content) == size)


def retry_quarantined(
    engine: Engine, folder: DumpsFolder, given: Path, now: datetime, settings: IngestSettings
) -> DumpReport:
    """Read a quarantined file again, in a process of its own, and return the report.

    If it is ingested now, its record is deleted, and the file is moved from the quarantine folder to `done`. Otherwise
    it stays quarantined with the new reason. Raises UsageError if no such file is quarantined or it is gone.
    """
    path = _find(engine, folder, given)
    is_inside = _is_inside(folder, path)
    if not path.exists() and not path.is_symlink():
        raise UsageError(f"{path_text(path)} does not exist any more; `notifier quarantine drop` removes its record")
    reader = read_dump if is_inside else read_any_file
    report = ingest_given(engine, path, None, now, replace(settings, in_child=True, read=reader))
    if report.status in (DumpStatus.INGESTED, DumpStatus.KNOWN):
        _delete_records(engine, [recorded_path(path)])
        if is_inside and (moved := folder.release(path)):
            watch(engine, moved, now)
    elif is_inside and report.status is DumpStatus.QUARANTINED:
        folder.explain(path, report.reason or "")
    return report


def drop_quarantined(engine: Engine, folder: DumpsFolder, given: Path) -> bool:
    """Delete the record of a quarantined file, and return whether the file was deleted too.

    A file in the quarantine folder is deleted, and so is the file beside it that states the reason. A file elsewhere
    stays, because the operator gave its path. Raises UsageError if no such file is quarantined, and
    FileError if it cannot be deleted.
    """
    path = _find(engine, folder, given)
    is_inside = _is_inside(folder, path)
    if is_inside:
        folder.delete(path)
    _delete_records(engine, [recorded_path(path)])
    return is_inside


def delete_gone(engine: Engine, folder: DumpsFolder) -> None:
    """Delete the records of files that somebody has taken out of the quarantine folder."""
    inside = recorded_path(folder.quarantine / "_").removesuffix("_")
    recorded = [each.path for each in list_quarantined(engine) if each.path.startswith(inside)]
    if recorded:
        present = set(map(recorded_path, folder.in_quarantine()))
        _delete_records(engine, [path for path in recorded if path not in present])


@retried
def record_move(engine: Engine, path: Path, moved: Path) -> None:
    """Record the new path of a quarantined file of the dumps folder."""
    with writing(engine) as connection:
        dumps.move_quarantine(connection, recorded_path(path), recorded_path(moved))


def _find(engine: Engine, folder: DumpsFolder, given: Path) -> Path:
    """Return the path of a quarantined file; `given` is its path, or its name if only one such file has that name."""
    recorded = [each.path for each in list_quarantined(engine)]
    named = [path for path in recorded if Path(path).name == str(given)]
    inside = folder.quarantine / given.name
    if _is_inside(folder, given) or given.name == str(given):
        candidates = [inside, given]
    else:
        candidates = [given, given.parent.resolve() / given.name]
    for path in candidates:
        if recorded_path(path) in recorded or (path == inside and os.path.lexists(path)):
            return path
    if len(named) == 1:
        return Path(named[0])
    several = "; several files have this name, so give the whole path" if named else ""
    raise UsageError(
        f"no file {path_text(given)} is quarantined{several}; `notifier quarantine` lists the files that are"
    )


def _is_inside(folder: DumpsFolder, path: Path) -> bool:
    return path.parent.resolve() == folder.quarantine.resolve()


@retried
def _delete_records(engine: Engine, paths: list[str]) -> None:
    with writing(engine) as connection:
        for path in paths:
            dumps.delete_quarantined(connection, path)
