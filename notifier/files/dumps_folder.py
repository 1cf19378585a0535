"""Find the files of the dumps folder that are complete, and move them away when they have been read.

While a file is being copied, its size or its modification time changes. A file is settled if its modification time is
at least SETTLED_SECONDS ago, or if neither has changed for SETTLED_SECONDS while the folder was watched. A settled file
is complete if no program has it open for writing. For example, a file that was written elsewhere some time ago and then
renamed into the folder is complete at once. For a file of another user, the system may not say whether a program has it
open; such a file is complete if it has not changed for CERTAIN_SECONDS.

A writer may pause for longer. Then the file changes after it was moved away, and is moved back to be read again.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from notifier.drafts import remove_abandoned_drafts
from notifier.errors import FileError
from notifier.files.dumps import path_text
from notifier.files.moving import move
from notifier.files.writers import Writer, writer_of
from notifier.private_files import make_folder
from notifier.text.harmless import inert

SETTLED_SECONDS = 10.0
CERTAIN_SECONDS = 120.0

DONE, QUARANTINE = "done", "quarantine"
REASON = ".reason"  # the end of the name of the file with the reason, which is beside the quarantined file

STILL_WRITTEN = "another program has it open for writing; it is read when that program closes it"
MAYBE_WRITTEN = (
    "it belongs to another user, who may still be writing it; "
    f"it is read when it has not changed for {CERTAIN_SECONDS:.0f} seconds"
)

# The inode, the size, and the times of the last modification and status change in nanoseconds.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Observation:
    """The stamp of a file, and the time on the monotonic clock since which the stamp has not changed."""

    stamp: Stamp
    since: float


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file that was moved, and a text that changes if the file is written at its new place."""

    path: Path
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Postponement:
    """The stamp of a file, and the time on the monotonic clock before which the file is not ingested."""

    stamp: Stamp | None
    until: float


class DumpsFolder:
    """Watches a folder for dumps; the folders `done` and `quarantine` are beside it.

    `waiting` has the files that the last call of `complete_files` left out, each with the reason: another program has
    the file open for writing or may have it open, or its metadata cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waiting: dict[Path, str] = {}
        self._observations: dict[Path, _Observation] = {}
        self._postponements: dict[Path, _Postponement] = {}

    @property
    def quarantine(self) -> Path:
        """The folder to which files are moved that are no dumps."""
        return self.folder.parent / QUARANTINE

    def make(self) -> None:
        """Create the folder if it does not exist; raise FileError if that fails."""
        try:
            make_folder(self.folder)
        except OSError as error:
            raise FileError(f"cannot create {self.folder}: {error.strerror}; check [ingest] folder") from None

    def remove_abandoned_drafts(self) -> None:
        """Remove the unfinished copies that killed processes have left in this folder, `done` and `quarantine`."""
        for folder in (self.folder, self.folder.parent / DONE, self.folder.parent / QUARANTINE):
            remove_abandoned_drafts(folder)

    def complete_files(self) -> list[Path]:
        """Return the files that are complete now, by name, without hidden files, subfolders and postponed files."""
        now = time.monotonic()
        self.waiting = {}
        stamps = {path: stamp for path in self._entries() if (stamp := self._stamp(path))}
        self._observations = {path: self._observe(path, stamp, now) for path, stamp in stamps.items()}
        self._postponements = {
            path: each
            for path, each in self._postponements.items()
            if now < each.until and stamps.get(path) == each.stamp
        }
        settled = [path for path, seen in self._observations.items() if now - seen.since >= SETTLED_SECONDS]
        return [path for path in settled if path not in self._postponements and not self._is_being_written(path, now)]

    def wait_for_complete_files(self) -> list[Path]:
        """Return the files that are complete; if some are not, wait for them first.

        This waits SETTLED_SECONDS, or CERTAIN_SECONDS if a file of another user may still be open for writing.
        """
        complete = self.complete_files()
        if len(complete) == len(self._observations):
            return complete
        time.sleep(SETTLED_SECONDS)
        complete = self.complete_files()
        if MAYBE_WRITTEN in self.waiting.values():
            time.sleep(CERTAIN_SECONDS - SETTLED_SECONDS)
            complete = self.complete_files()
        return complete

    def present(self) -> set[Path]:
        """Return the files and subfolders that are in the folder now, without hidden ones."""
        return set(self._entries())

    def postpone(self, path: Path, seconds: float) -> None:
        """Leave a file out of the complete files for this many seconds, or until it changes."""
        seen = self._observations.get(path)
        self._postponements[path] = _Postponement(seen.stamp if seen else _stamp(path), time.monotonic() + seconds)

    def fingerprint(self, path: Path) -> str | None:
        """Return a text that changes when the file does: the file's inode, size and times; None if the file is gone."""
        seen = self._observations.get(path)
        stamp = seen.stamp if seen else _stamp(path)
        return " ".join(map(str, stamp)) if stamp else None

    def move_away(self, path: Path, reason: str | None) -> MovedFile | None:
        """Move a file to `done`, or to `quarantine` if there is a `reason` why it is no dump; return where it is.

        The reason is written to a file beside the moved one. A file that has changed since it was complete, or that a
        program has opened for writing, stays where it is, to be read again, and the result is None. Raises FileError if
        the file cannot be moved.
        """
        target = self.quarantine if reason else self.folder.parent / DONE
        try:
            seen = self._observations.get(path)
            if writer_of(path) is Writer.OPEN or (seen is not None and _stamp(path) != seen.stamp):
                return None
            moved = move(path, target, len(REASON) if reason else 0)
        except FileNotFoundError:
            return None  # another process has moved it
        except OSError as error:
            raise FileError(
                f"cannot move {path_text(path)} to {target}: {error.strerror}; check who owns the folders"
            ) from None
        if reason:
            self.explain(moved, reason)
        return MovedFile(moved, _fingerprint_after_move(moved, seen.stamp if seen else None))

    def explain(self, quarantined: Path, reason: str) -> None:
        """Write the reason why a file was quarantined to a file beside it."""
        with suppress(OSError):  # the database holds the reason too
            _reason_beside(quarantined).write_bytes(f"{inert(reason)}\n".encode())

    def in_quarantine(self) -> set[Path]:
        """Return the files that are in the quarantine folder, including the files that hold reasons."""
        try:
            return set(self.quarantine.iterdir())
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise FileError(f"cannot read {self.quarantine}: {error.strerror}; check who owns the folder") from None

    def release(self, quarantined: Path) -> MovedFile | None:
        """Move a file from the quarantine folder to `done`, because it was ingested; see `move_away`."""
        moved = self.move_away(quarantined, None)
        if moved is not None:
            with suppress(OSError):
                _reason_beside(quarantined).unlink(missing_ok=True)
        return moved

    def delete(self, quarantined: Path) -> None:
        """Delete a file in the quarantine folder, and its reason. Raises FileError if it cannot be deleted."""
        try:
            quarantined.unlink(missing_ok=True)
            _reason_beside(quarantined).unlink(missing_ok=True)
        except OSError as error:
            raise FileError(
                f"cannot delete {path_text(quarantined)}: {error.strerror}; check who owns the folder"
            ) from None

    def move_back(self, moved: MovedFile) -> Path | None:
        """Move a file back into the folder if it was written after it was moved away, and return its path there.

        Returns None if the file has not changed, is gone, or was replaced by another file. Raises FileError if it
        cannot be moved.
        """
        try:
            stamp = _stamp(moved.path)
            if (
                stamp is None
                or _fingerprint_of(stamp) == moved.fingerprint
                or not moved.fingerprint.startswith(f"{stamp[0]} ")
            ):
                return None
            back = move(moved.path, self.folder)
        except FileNotFoundError:
            return None  # another process has moved it
        except OSError as error:
            raise FileError(
                f"cannot move {path_text(moved.path)} back to {self.folder}: {error.strerror}; move it yourself"
            ) from None
        with suppress(OSError):
            _reason_beside(moved.path).unlink(missing_ok=True)
        return back

    def _entries(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise FileError(f"cannot read the folder {self.folder}: {error.strerror}; check who owns it") from None

    def _stamp(self, path: Path) -> Stamp | None:
        try:
            return _stamp(path)
        except OSError as error:
            self.waiting[path] = f"cannot be looked at: {error.strerror}; check who owns the folder"
            return None

    def _is_being_written(self, path: Path, now: float) -> bool:
        match writer_of(path):
            case Writer.OPEN:
                self.waiting[path] = STILL_WRITTEN
            case Writer.UNKNOWN if now - self._observations[path].since < CERTAIN_SECONDS:
                self.waiting[path] = MAYBE_WRITTEN
        return path in self.waiting

    def _observe(self, path: Path, stamp: Stamp, now: float) -> _Observation:
        before = self._observations.get(path)
        if before is not None and before.stamp == stamp:
            return before
        age = time.time() - stamp[2] / 1e9
        return _Observation(stamp, now - min(max(age, 0.0), CERTAIN_SECONDS))


def _stamp(path: Path) -> Stamp | None:
    """Return the stamp of a file, or None for a folder and for a file that no longer exists."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _fingerprint_after_move(moved: Path, seen: Stamp | None) -> str:
    """Return the fingerprint that a file has if nobody has written to it since it was seen in the dumps folder."""
    stamp = _stamp(moved)
    if stamp is None:
        return ""
    was_renamed = seen is not None and seen[0] == stamp[0]
    return _fingerprint_of(seen if seen and was_renamed else stamp)


def _fingerprint_of(stamp: Stamp) -> str:
    """Return a text that changes when a file is written, but not when it is moved."""
    inode, size, modified, _ = stamp
    return f"{inode} {size} {modified}"


def _reason_beside(quarantined: Path) -> Path:
    return quarantined.with_name(f"{quarantined.name}{REASON}")
