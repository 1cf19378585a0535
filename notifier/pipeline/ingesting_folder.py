"""Ingest the files of the dumps folder one by one; a fault of one file does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, SQLAlchemyError

from notifier.errors import DumpGoneError, DumpUnfinishedError, FileError, StoreError
from notifier.files import DumpsFolder, owner_lock, path_text
from notifier.models import DumpStatus
from notifier.parsing import internal_fault
from notifier.pipeline import attempts
from notifier.pipeline.attempts import Decision
from notifier.pipeline.ingesting import DEFAULT_SETTINGS, DumpReport, IngestSettings, ingest, quarantine
from notifier.pipeline.moved_files import watch
from notifier.pipeline.quarantine import delete_gone, record_move
from notifier.store import dumps, reading, retried, writing
from notifier.store.dumps import UnmovedRecord

CUT_OFF_WAIT_SECONDS = 300  # a dump that is cut off is ingested as it is if its file is unchanged for this long
RETRY_SECONDS = 60  # between two attempts to ingest a dump, after a temporary failure
MOVE_SECONDS = 600  # between two attempts to move a file

BUSY = "another process is reading it"


def ingest_folder(
    engine: Engine,
    folder: DumpsFolder,
    paths: Iterable[Path],
    now: datetime,
    settings: IngestSettings = DEFAULT_SETTINGS,
) -> list[DumpReport]:
    """Ingest these files of the dumps folder, and move each to the folder for its outcome.

    If the settings name a folder for owner locks, a dump that interrupts the process again and again is quarantined;
    see `attempts`. A file that is gone has no report, because another process has ingested it in the meantime. A file
    that cannot be moved away is recorded, and is not read again as long as it does not change. If nothing can be
    written to the database, the remaining files are left for the next run.
    """
    settings = replace(settings, wait_seconds=CUT_OFF_WAIT_SECONDS)
    reports = [DumpReport(path_text(path), DumpStatus.WAITING, reason=why) for path, why in folder.waiting.items()]
    paths = list(paths)
    delete_gone(engine, folder)
    unmoved = _unmoved(engine, folder)
    with _owner(settings, paths) as owner:
        run = _FolderRun(engine, folder, now, settings, owner)
        for path in paths:
            try:
                reports += run.ingest_once(path, unmoved.get(path_text(path.absolute())))
            except StoreError as error:
                folder.postpone(path, RETRY_SECONDS)
                reports.append(DumpReport(path_text(path), DumpStatus.FAILED, reason=str(error)))
                if not _can_write(engine):
                    break
    return reports


def _can_write(engine: Engine) -> bool:
    try:
        with writing(engine):
            return True
    except StoreError:
        return False


def _owner(settings: IngestSettings, paths: list[Path]) -> AbstractContextManager[str]:
    """Return a context that holds a new owner lock, or no lock if there are no files or no folder for owner locks."""
    return owner_lock(settings.owners) if settings.owners and paths else nullcontext("")


def _unmoved(engine: Engine, folder: DumpsFolder) -> dict[str, UnmovedRecord]:
    """Return the files that could not be moved, by path; delete the records of those that have left the folder."""
    with reading(engine) as connection:
        recorded = {each.path: each for each in dumps.unmoved_files(connection)}
    if recorded:
        present = {path_text(path.absolute()) for path in folder.present()}
        inside = path_text(folder.folder.absolute())
        gone = [path for path in recorded if path not in present and path.startswith(f"{inside}/")]
        _delete_unmoved(engine, gone)
    return recorded


@retried
def _delete_unmoved(engine: Engine, paths: Iterable[str]) -> None:
    with writing(engine) as connection:
        for path in paths:
            dumps.delete_unmoved(connection, path)


@retried
def _record_unmoved(engine: Engine, unmoved: UnmovedRecord) -> None:
    with writing(engine) as connection:
        dumps.record_unmoved(connection, unmoved)


@dataclass(frozen=True, slots=True)
class _FolderRun:
    """One run over the dumps folder."""

    engine: Engine
    folder: DumpsFolder
    now: datetime
    settings: IngestSettings
    owner: str

    def ingest_once(self, path: Path, unmoved: UnmovedRecord | None) -> Iterator[DumpReport]:
        """Ingest a file and yield its report, or nothing if the file is gone.

        If the file could not be moved away after an earlier run, and has not changed since, it is only moved. Nothing
        is yielded then either.
        """
        fingerprint = self.folder.fingerprint(path) or ""
        if unmoved is not None:
            if unmoved.fingerprint == fingerprint:
                if self._move(path, fingerprint, unmoved.fault) is None:
                    _delete_unmoved(self.engine, [path_text(path.absolute())])
                return
            _delete_unmoved(self.engine, [path_text(path.absolute())])
        try:
            report = self._attempt(path, fingerprint)
        except DumpGoneError:
            return
        if report.status in (DumpStatus.WAITING, DumpStatus.FAILED):
            yield report
        else:
            yield replace(report, unmoved=self._move(path, fingerprint, report.reason))

    def _attempt(self, path: Path, fingerprint: str) -> DumpReport:
        """Ingest a file, and record the attempt if there is a folder for owner locks."""
        if self.settings.owners is None:
            return self._ingest(path)
        name = path_text(path.absolute())
        decision, count = attempts.begin(self.engine, name, fingerprint, self.owner, self.settings.owners)
        if decision is Decision.BUSY:
            self.folder.postpone(path, RETRY_SECONDS)
            return DumpReport(path_text(path), DumpStatus.WAITING, reason=BUSY)
        try:
            if decision is Decision.QUARANTINE:
                return quarantine(self.engine, path, "", attempts.GIVEN_UP.format(count), self.now)
            return self._ingest(path, in_child=decision is Decision.INGEST_IN_CHILD)
        finally:  # also if the run is stopped with Ctrl-C
            attempts.end(self.engine, name, self.owner)

    def _ingest(self, path: Path, *, in_child: bool = False) -> DumpReport:
        """Ingest a file, and quarantine it if the database refuses its content or the parser fails on it.

        Raises DumpGoneError if the file is gone, and StoreError if the database fails for a reason other than the
        content of the file.
        """
        try:
            return ingest(self.engine, path, None, self.now, replace(self.settings, in_child=in_child))
        except DumpUnfinishedError as error:  # the file is parsed again if it changes or when the time is over
            self.folder.postpone(path, error.retry_at - time.time())
            return DumpReport(path_text(path), DumpStatus.WAITING, reason=str(error))
        except FileError as error:
            self.folder.postpone(path, RETRY_SECONDS)
            return DumpReport(path_text(path), DumpStatus.FAILED, reason=str(error))
        except StoreError as error:
            if not isinstance(error.__cause__, DataError):
                raise
            return quarantine(self.engine, path, "", f"the database refuses its content: {error}", self.now)
        except SQLAlchemyError as error:
            self.folder.postpone(path, RETRY_SECONDS)
            return DumpReport(path_text(path), DumpStatus.FAILED, reason=internal_fault(error))
        except DumpGoneError:
            raise
        except Exception as error:  # any error, because a fault of the parser must not stop the other dumps
            return quarantine(self.engine, path, "", internal_fault(error), self.now)

    def _move(self, path: Path, fingerprint: str, fault: str | None) -> str | None:
        """Move a file to the folder for its outcome; if that fails, remember it and return why."""
        try:
            moved = self.folder.move_away(path, fault)
        except FileError as error:
            self.folder.postpone(path, MOVE_SECONDS)
            unmoved = UnmovedRecord(path_text(path.absolute()), fingerprint, fault, str(error), self.now)
            _record_unmoved(self.engine, unmoved)
            return str(error)
        if moved is not None:
            watch(self.engine, moved, self.now)
            if fault is not None:
                record_move(self.engine, path, moved.path)
        return None
