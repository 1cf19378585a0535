"""The dumps folder: which of its files are complete, and where they go when they have been read.

While a file is being copied, its size or its modification time changes. A file is complete if its modification time is
at least SETTLED_SECONDS ago, or if neither has changed for so long while it was watched. A file that was written
elsewhere some time ago and then renamed into the folder is therefore complete at once.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import FileError

SETTLED_SECONDS = 10.0

DONE, QUARANTINE = "done", "quarantine"

Stamp = tuple[int, int, int]  # inode, size, and modification time in nanoseconds; it changes when the file does


@dataclass(frozen=True, slots=True)
class _Observation:
    """The stamp of a file, and since when it has not changed, on the monotonic clock."""

    stamp: Stamp
    since: float


class DumpsFolder:
    """Watches a folder for dumps; the folders `done` and `quarantine` are beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._observations: dict[Path, _Observation] = {}

    def make(self) -> None:
        """Create the folder if it does not exist; raise FileError if that fails."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot create {self.folder}: {error.strerror}; check [ingest] folder") from None

    def complete_files(self) -> list[Path]:
        """Return the files that are complete now, sorted by name, without hidden files and subfolders."""
        now = time.monotonic()
        stamps = {path: stamp for path in self._entries() if (stamp := _stamp(path))}
        self._observations = {path: self._observe(path, stamp, now) for path, stamp in stamps.items()}
        return [path for path, seen in self._observations.items() if now - seen.since >= SETTLED_SECONDS]

    def wait_for_complete_files(self) -> list[Path]:
        """Return the files that are complete; if some are not, wait SETTLED_SECONDS for them first."""
        complete = self.complete_files()
        if len(complete) == len(self._observations):
            return complete
        time.sleep(SETTLED_SECONDS)
        return self.complete_files()

    def put_away(self, path: Path, reason: str | None) -> None:
        """Move a file to `done`, or to `quarantine` if there is a `reason` why it is no dump.

        The reason is written to a file beside it. A file that has changed since it was complete stays where it is, to
        be read again. Raises FileError if the file cannot be moved.
        """
        seen = self._observations.get(path)
        if seen is not None and _stamp(path) != seen.stamp:
            return
        target = self.folder.parent / (QUARANTINE if reason else DONE)
        try:
            target.mkdir(parents=True, exist_ok=True)
            moved = _free_name(target, path)
            if reason:
                moved.with_name(f"{moved.name}.reason").write_text(f"{reason}\n", encoding="utf-8")
            path.rename(moved)
        except FileNotFoundError:
            return  # another process has moved it
        except OSError as error:
            raise FileError(f"cannot move {path} to {target}: {error.strerror}; check who owns the folders") from None

    def _entries(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise FileError(f"cannot read the folder {self.folder}: {error.strerror}; check who owns it") from None

    def _observe(self, path: Path, stamp: Stamp, now: float) -> _Observation:
        before = self._observations.get(path)
        if before is not None and before.stamp == stamp:
            return before
        age = time.time() - stamp[2] / 1e9
        return _Observation(stamp, now - min(max(age, 0.0), SETTLED_SECONDS))


def _stamp(path: Path) -> Stamp | None:
    """Return the stamp of a file, or None for a folder and for a file that no longer exists."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _free_name(folder: Path, path: Path) -> Path:
    """Return the file's path in `folder`, with a hash in its name if another file there has the same name."""
    plain = folder / path.name
    if not plain.exists():
        return plain
    return folder / f"{path.stem}-{sha256(f'{path}{time.time_ns()}'.encode()).hexdigest()[:8]}{path.suffix}"
