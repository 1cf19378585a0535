"""Write exports and mails, which are private, to a path that may name a file, a link, a pipe or a device."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from notifier.drafts import new_draft
from notifier.errors import FileError
from notifier.files.cures import cannot_write
from notifier.private_files import FILE_MODE, make_folder

MAX_LINKS = 40  # as many as Linux follows
STDOUT = 1  # the descriptor

# Errors after which a file may still be written in place: its folder is not writable, or the file is a mount point.
_NO_REPLACING = {errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS}


def write_private(path: Path, content: bytes) -> None:
    """Write private content to the file, pipe, device or open descriptor that a path names; `-` means stdout.

    A new file gets the mode 0600, and missing folders are created. If a file exists, the permissions of its group
    and of other users are removed, and its owner, its hard links and a stricter mode are kept. If possible, it is
    replaced by renaming a new file, so that the old content is not lost if the disk is full. If the path is a symbolic
    link, the link is kept, and the file that it points to is written. Raises FileError if this fails.
    """
    try:
        if (descriptor := open_descriptor(path)) is not None:
            with os.fdopen(os.dup(descriptor), "wb") as stream:
                stream.write(content)
        else:
            _write(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise FileError(cannot_write(path, error)) from None


def open_descriptor(path: Path) -> int | None:
    """Return the descriptor of this process that a name such as `-`, /dev/stdout or /dev/fd/3 means; None for others.

    Opening such a name would open the file behind it once more, from its beginning.
    """
    if str(path) == "-":
        return STDOUT
    folders = (os.path.realpath("/proc/self/fd"), "/dev/fd")
    for _ in range(MAX_LINKS):
        if os.path.realpath(path.parent) in folders and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return None


def _write(path: Path, content: bytes) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        make_folder(path.parent)
        _replace(path, content, FILE_MODE)
        return
    is_replaceable = stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid == os.geteuid()
    if is_replaceable:
        try:
            _replace(path, content, stat.S_IMODE(status.st_mode) & FILE_MODE)
        except OSError as error:
            if error.errno not in _NO_REPLACING:
                raise
            is_replaceable = False
    if not is_replaceable:
        _overwrite(path, content)


def _replace(path: Path, content: bytes, mode: int) -> None:
    with new_draft(path.parent, FILE_MODE) as (draft, file):
        file.write(content)
        file.flush()
        draft.chmod(mode)
        draft.replace(path)


def _overwrite(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY), "wb") as file:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            with suppress(PermissionError):  # the file of another user, who has chosen its mode
                os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode) & FILE_MODE)
            file.truncate(0)
        file.write(content)
