"""Hold and check the lock files of running processes that send, ingest or fetch.

Such a process is the owner of its claims. Rows of the database name it. If its lock file is free, it has died.
"""

from __future__ import annotations

import fcntl
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from notifier.drafts import create_held, held_if_free
from notifier.errors import FileError
from notifier.private_files import FILE_MODE, make_folder

_LOCK = re.compile(r"[0-9a-f]{32}")
OWNER = re.compile(r"^(?P<host>[^/]+)/(?P<lock>[0-9a-f]{32})$")


@contextmanager
def owner_lock(folder: Path) -> Iterator[str]:
    """Hold a new lock while the block runs; yield the name of its owner, `host/lock`.

    The kernel frees the lock when the process ends for any reason. If the block raises, the lock file stays, because
    rows of the database may still name the owner. The process that releases those rows later removes the file.
    """
    try:
        make_folder(folder)
        path, file = create_held(folder, "{}", FILE_MODE)
    except OSError as error:
        raise FileError(
            f"cannot create a lock file in {folder}: {error.strerror}; "
            "check the free space (`df`, `df -i`) and who owns the folder"
        ) from None
    with file:
        yield f"{socket.gethostname()}/{path.name}"
    path.unlink(missing_ok=True)


def owner_is_gone(folder: Path, owner: str) -> bool:
    """Return whether the process of an owner on this machine has ended: its lock file exists and is free.

    An owner on another machine, or one without a lock file, may be alive, so the result is false. Its leases run out if
    it is dead.
    """
    parts = OWNER.match(owner)
    if parts is None or parts["host"] != socket.gethostname():
        return False
    try:
        with (folder / parts["lock"]).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def owner_has_finished(folder: Path, owner: str) -> bool:
    """Return whether an owner on this machine has removed its lock file, as it does when it ends without a failure."""
    parts = OWNER.match(owner)
    return parts is not None and parts["host"] == socket.gethostname() and not (folder / parts["lock"]).exists()


def remove_owner_lock(folder: Path, owner: str) -> None:
    """Remove the lock file of an owner that is gone; no row may name the owner any more."""
    (folder / owner.rpartition("/")[2]).unlink(missing_ok=True)


def remove_abandoned_locks(folder: Path, owners: Callable[[], set[str]]) -> None:
    """Remove the lock files that nobody holds and that no row names; `owners` returns the owners that rows name.

    If a lock is free, this process takes it, and then calls `owners`. The former holder of the lock has ended, so it
    cannot write its name into another row. Errors of the file system are ignored.
    """
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if _LOCK.fullmatch(path.name):
                with suppress(OSError), held_if_free(path) as is_free:
                    if is_free and path.name not in {owner.rpartition("/")[2] for owner in owners()}:
                        path.unlink()
