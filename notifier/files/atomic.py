"""Write and remove files that other programs may read at any moment."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from notifier.drafts import new_draft
from notifier.errors import FileError
from notifier.files.cures import cannot_write


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file so that other programs see either the old content or the new one, and return whether it changed.

    The folder is created if necessary. If the path is no regular file, such as /dev/stdout, the content is written
    directly to it. Raises FileError if the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return True
        path = Path(os.path.realpath(path)) if path.is_symlink() else path
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with new_draft(path.parent) as (draft, file):
            file.write(content)
            file.flush()
            draft.replace(path)
    except OSError as error:
        raise FileError(cannot_write(path, error)) from None
    return True


def remove_stale(folder: Path, names: Collection[str], endings: Sequence[str]) -> None:
    """Remove the files of all names that are not among `names`.

    A name's files are NAME.ENDING for each of `endings`. They are removed only if all of them exist, so that other
    files in the folder are safe. If a file cannot be removed, the other files are still removed, and then
    FileError is raised.
    """
    failed: OSError | None = None
    try:
        for first in folder.glob(f"*.{endings[0]}"):
            files = [first.with_suffix(f".{ending}") for ending in endings]
            if first.stem not in names and all(file.is_file() for file in files):
                failed = _remove_all(files) or failed
    except OSError as error:
        failed = error
    if failed is not None:
        raise FileError(f"cannot remove old files in {folder}: {failed.strerror}; check who owns the folder")


def _remove_all(files: Sequence[Path]) -> OSError | None:
    """Remove these files, and return the last error, if there was one."""
    failed = None
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            failed = error
    return failed
