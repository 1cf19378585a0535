"""Find files that grow after they were read and moved away, because their writer had paused.

Such a file is moved back into the dumps folder, and read again when it is complete. Its papers are known already, so
only those of its new part are new.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from sqlalchemy import Engine

from notifier.errors import FileError
from notifier.files import DumpsFolder, MovedFile, path_text
from notifier.store import dumps, reading, retried, writing

log = logging.getLogger(__name__)

WATCHED = timedelta(days=7)  # long enough if `once` runs only once a day, or not at weekends


@retried
def watch(engine: Engine, moved: MovedFile, now: datetime) -> None:
    """Record a file that was moved away, so that `move_back_changed_files` notices if it grows."""
    with writing(engine) as connection:
        dumps.record_moved(connection, _encoded(moved.path), moved.fingerprint, now)


def move_back_changed_files(engine: Engine, folder: DumpsFolder, now: datetime) -> None:
    """Move files back into the dumps folder if they were written to after they had been moved away, and log that."""
    with reading(engine) as connection:
        watched = dumps.moved_files(connection)
    over = [
        path
        for path, fingerprint, at in watched
        if now - at > WATCHED or _move_back(folder, _decoded(path), fingerprint)
    ]
    if over:
        _delete_records(engine, over)


def _move_back(folder: DumpsFolder, path: Path, fingerprint: str) -> bool:
    """Move a file back if it has changed, and return whether its record can be deleted."""
    try:
        back = folder.move_back(MovedFile(path, fingerprint))
    except FileError as error:
        log.error("%s was written to after it was read: %s", path_text(path), error)
        return True
    if back is not None:
        log.warning("%s was written to after it was read; %s is read again", path_text(path), path_text(back))
    return back is not None or not path.exists()


@retried
def _delete_records(engine: Engine, paths: Iterable[str]) -> None:
    with writing(engine) as connection:
        for path in paths:
            dumps.delete_moved(connection, path)


def _encoded(path: Path) -> str:
    return quote_from_bytes(os.fsencode(path.absolute()))


def _decoded(text: str) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(text)))
