"""Make a backup of the database in one file, while the service runs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from notifier.config import Config
from notifier.drafts import new_draft, remove_abandoned_drafts, sync_folder
from notifier.errors import FileError, StoreError, UsageError
from notifier.files import cannot_write
from notifier.private_files import FILE_MODE, make_folder
from notifier.store import backup

LOG_ENDINGS = ("", "-wal", "-shm", "-journal")  # of the files that SQLite has for one database


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its file, its size in bytes, and the version of the tables in it."""

    file: Path
    size: int
    schema: str


def back_up(config: Config, file: Path, follow: Callable[[int, int], None]) -> Backup:
    """Copy the SQLite database into `file`, which only its owner may read, and which appears only when it is complete.

    An older backup is replaced; nothing else is. `follow` is called with how many pages are left, and how many there
    are. Raises UsageError for a database on a server or a file that may not be written, and FileError or StoreError if
    the backup fails; then nothing is left of it.
    """
    database = config.database_file
    if database is None:
        raise UsageError(f"PostgreSQL makes its own backups; run: {server_command(config.store_url, file)}")
    if not database.is_file():
        raise StoreError(f"there is no database {database} to back up; check [store] url")
    if str(file) == "-":
        raise UsageError("a backup is a file; name one, such as backup.db")
    target = Path(os.path.realpath(file))
    _check_target(config, Path(os.path.realpath(database)), target)
    try:
        make_folder(target.parent)
        remove_abandoned_drafts(target.parent)
        with new_draft(target.parent, FILE_MODE) as (draft, _):
            schema = backup.copy_database(database, draft, follow)
            size = draft.stat().st_size
            draft.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise FileError(cannot_write(file, error)) from None
    return Backup(file, size, schema)


def server_command(url: str, file: Path) -> str:
    """Return the shell command that makes a backup of a PostgreSQL database; it asks for the password, if any."""
    parts = make_url(url)
    plain = parts._replace(drivername="postgresql", password=None).render_as_string()
    return shlex.join(["pg_dump", "--format=custom", f"--file={file}", f"--dbname={plain}"])


def _check_target(config: Config, database: Path, target: Path) -> None:
    """Raise UsageError unless `target` is free, or an older backup, in a folder that notifier does not use itself."""
    if target in [Path(f"{database}{ending}") for ending in LOG_ENDINGS]:
        raise UsageError(f"{target} is the database itself, or its log; name another file for the backup")
    dumps, feeds = config.path(config.ingest.folder), config.path(config.feeds.folder)
    for what, folder in (("the dumps folder", dumps), ("the feeds folder", feeds)):
        if target.is_relative_to(os.path.realpath(folder)):
            raise UsageError(f"{target} would be in {what}; name a file elsewhere for the backup")
    if not target.exists():
        return
    if target.is_dir():
        raise UsageError(f"{target} is a folder; name a file in it for the backup")
    if not target.is_file() or target.samefile(database) or not backup.is_backup(target):
        raise UsageError(f"{target} exists and is no backup that `db backup` has made; name another file")
