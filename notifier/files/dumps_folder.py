"""The dumps folder: which of its files are complete, and where they go when they have been read.

A file that is still being copied grows, or its time changes. It is complete when both have stood still for SETTLED
seconds: by the file's own time, as for one that was renamed in, or since it was first seen so.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import FileError

SETTLED = 10.0

DONE, QUARANTINE = "done", "quarantine"

Look = tuple[int, int, int]  # inode, size, time of the last change in nanoseconds


@dataclass(frozen=True, slots=True)
class _Seen:
    """How a file looked, and since when, on the monotonic clock."""

    look: Look
    since: float


class DumpsFolder:
    """One watcher's view of the folder; `done` and `quarantine` lie beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[Path, _Seen] = {}

    def make(self) -> None:
        """Make the folder where it is missing, so that there is something to put dumps into. Raises ShelfError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot make {self.folder}: {error.strerror}; see [ingest] folder") from None

    def complete(self) -> list[Path]:
        """The files that may be read now, by name. Hidden files and folders are left alone."""
        now = time.monotonic()
        looks = {path: look for path in self._entries() if (look := _look(path))}
        self._seen = {path: self._see(path, look, now) for path, look in looks.items()}
        return [path for path, seen in self._seen.items() if now - seen.since >= SETTLED]

    def wait(self) -> list[Path]:
        """The files that are complete, after a wait for those that were only just put there."""
        complete = self.complete()
        if len(complete) == len(self._seen):
            return complete
        time.sleep(SETTLED)
        return self.complete()

    def put_away(self, path: Path, reason: str | None) -> None:
        """Move a file that was read to `done`; one that is no dump to `quarantine`, beside a file with the reason.

        A file that has changed since it was seen complete stays, to be read again. Raises ShelfError.
        """
        seen = self._seen.get(path)
        if seen is not None and _look(path) != seen.look:
            return
        target = self.folder.parent / (QUARANTINE if reason else DONE)
        try:
            target.mkdir(parents=True, exist_ok=True)
            moved = _free_name(target, path)
            if reason:
                moved.with_name(f"{moved.name}.reason").write_text(f"{reason}\n", encoding="utf-8")
            path.rename(moved)
        except FileNotFoundError:
            return  # another process has put it away
        except OSError as error:
            raise FileError(f"cannot move {path} to {target}: {error.strerror}; check who owns the folders") from None

    def _entries(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise FileError(f"cannot look into {self.folder}: {error.strerror}; check who owns it") from None

    def _see(self, path: Path, look: Look, now: float) -> _Seen:
        before = self._seen.get(path)
        if before is not None and before.look == look:
            return before
        age = time.time() - look[2] / 1e9
        return _Seen(look, now - min(max(age, 0.0), SETTLED))


def _look(path: Path) -> Look | None:
    """How a file looks; None for a folder, and for what is gone."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _free_name(folder: Path, path: Path) -> Path:
    """The file's own name, or, where another file of that name came before, one with its path's hash and time."""
    plain = folder / path.name
    if not plain.exists():
        return plain
    return folder / f"{path.stem}-{sha256(f'{path}{time.time_ns()}'.encode()).hexdigest()[:8]}{path.suffix}"
