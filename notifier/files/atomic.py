"""Writing files that others read at any moment."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from notifier.errors import FileError


def write_if_changed(path: Path, content: bytes) -> bool:
    """Give a file this content, so that it is there as a whole at any moment; False where it had it already."""
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            draft.write_bytes(content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}; check the disk and who owns the folder") from None
    return True


def remove_stale(folder: Path, names: Collection[str], endings: Sequence[str]) -> None:
    """Remove what was written for other names than these: sets of files, one for each ending, and nothing else."""
    for first in folder.glob(f"*.{endings[0]}"):
        files = [first.with_suffix(f".{ending}") for ending in endings]
        if first.stem not in names and all(file.is_file() for file in files):
            for file in files:
                file.unlink(missing_ok=True)
