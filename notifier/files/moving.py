"""Move files between folders that may be on different file systems, without replacing other files."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from notifier.drafts import new_draft, sync_folder
from notifier.private_files import make_folder

USUAL_NAME_BYTES = 255  # the longest file name, if the file system does not say otherwise
_LONGEST_SUFFIX = 20  # characters; a longer suffix is treated as part of the stem


def move(path: Path, folder: Path, room: int = 0) -> Path:
    """Move a file into a folder and return its new path.

    The file keeps its name if no other file in the folder has it, and if an ending of `room` bytes still fits after
    the name. Otherwise the name gets random digits, and is shortened if it is too long. If the folder is on another
    file system, the file is copied, and the original is deleted when the copy is on the disk. If moving raises OSError,
    the file is where it was.
    """
    make_folder(folder)
    target = folder / free_name(folder, path.name, room)
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_and_delete(path, target)
    return target


def free_name(folder: Path, name: str, room: int = 0) -> str:
    """Return `name`, or a similar one that no file in the folder has and that leaves `room` bytes for an ending."""
    longest = _longest_name(folder) - room
    if len(os.fsencode(name)) <= longest and not os.path.lexists(folder / name):
        return name
    stem, suffix = Path(name).stem, Path(name).suffix
    if len(suffix) > _LONGEST_SUFFIX:
        stem, suffix = name, ""
    ending = f"-{secrets.token_hex(4)}{suffix}"
    while stem and len(os.fsencode(stem + ending)) > longest:
        stem = stem[:-1]
    return stem + ending


def _longest_name(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return USUAL_NAME_BYTES


def _copy_and_delete(path: Path, target: Path) -> None:
    if not os.access(path.parent, os.W_OK):  # the original could not be deleted after the copy
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    before = path.lstat()
    if path.is_symlink():
        target.symlink_to(path.readlink())
    else:
        with new_draft(target.parent) as (draft, file):
            _copy(path, draft, file)
            after = path.lstat()
            if (after.st_ino, after.st_size, after.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns):
                raise OSError(errno.EBUSY, "it changed while it was copied")
            draft.rename(target)
    sync_folder(target.parent)
    try:
        path.unlink(missing_ok=True)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def _copy(path: Path, draft: Path, writing: BinaryIO) -> None:
    source = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(source, "rb") as reading:
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise OSError(errno.EXDEV, "it is not a regular file and cannot be copied to another file system")
        shutil.copyfileobj(reading, writing, 1 << 20)
        writing.flush()
        os.fsync(writing.fileno())
    shutil.copystat(path, draft)
