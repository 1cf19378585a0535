"""Find the files of sources that are folders. They are read where they are, and never moved or changed."""

from __future__ import annotations

import glob
import os
import stat
import time
from pathlib import Path
from urllib.parse import quote_from_bytes

from notifier.errors import FileError
from notifier.files.dumps import path_text
from notifier.files.dumps_folder import CERTAIN_SECONDS, MAYBE_WRITTEN, SETTLED_SECONDS, STILL_WRITTEN
from notifier.files.writers import Writer, writer_of

JUST_CHANGED = f"it was changed just now; it is read when it has not changed for {SETTLED_SECONDS:.0f} seconds"


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder, sorted by name, without hidden files and subfolders.

    Raises FileError if the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and not path.is_dir())
    except OSError as error:
        raise FileError(
            f"cannot read the folder {path_text(folder)}: {error.strerror}; check its name and who owns it"
        ) from None


def files_matching(pattern: str, base: Path) -> list[Path]:
    """Return the files that match a pattern such as `exports/**/*.jsonl`, sorted, without hidden files and folders.

    A relative pattern begins at `base`.
    """
    # Path.glob refuses absolute patterns.
    found = (base / name for name in glob.glob(pattern, root_dir=base, recursive=True))  # noqa: PTH207 - see above
    return sorted(path for path in found if not path.is_dir())


def fingerprint_of(path: Path) -> str | None:
    """Return a text that changes when a file does; None if the file is gone. Links are followed."""
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"


def why_unfinished(path: Path) -> str | None:
    """Return why a file may still be written; None if it is complete."""
    try:
        path = path.resolve()
        status = path.stat()
    except OSError:
        return None
    age = time.time() - status.st_mtime
    if not stat.S_ISREG(status.st_mode):
        return None
    if abs(age) < SETTLED_SECONDS:  # the clocks of other machines may differ a little
        return JUST_CHANGED
    match writer_of(path):
        case Writer.OPEN:
            return STILL_WRITTEN
        case Writer.UNKNOWN if abs(age) < CERTAIN_SECONDS:
            return MAYBE_WRITTEN
    return None


def file_url(path: Path) -> str:
    """Return the file: URL of a file."""
    return f"file:{quote_from_bytes(os.fsencode(path.absolute()))}"
