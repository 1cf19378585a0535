"""Create files and folders that other users of the machine must not read: database, exports, mails, config and key.

A umask may remove permissions from the mode of a new file, but a lax umask adds none.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o750
_OTHERS = 0o007  # what others than the owner and the group may do


def make_folder(folder: Path) -> None:
    """Create a folder, and the folders above it that are missing, closed to other users; existing ones stay.

    Raises OSError if that fails.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def is_open_to_others(path: Path) -> bool:
    """Return whether other users than the owner and the group may read or write a file; false if there is none."""
    try:
        status = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & _OTHERS)


def close_to_others(path: Path) -> bool:
    """Give a file that is open to others the mode of a private file, and return whether that was necessary.

    A mode that is open to the group alone was chosen by somebody, and stays. A file that is open to others got its mode
    from the umask. Raises OSError if the mode cannot be changed.
    """
    if not is_open_to_others(path):
        return False
    path.chmod(stat.S_IMODE(path.stat().st_mode) & FILE_MODE)
    return True


def create(path: Path) -> bool:
    """Create an empty private file, and return whether there was none. Raises OSError if that fails."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
    except FileExistsError:
        return False
    return True
