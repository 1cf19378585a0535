"""The locks of running senders: by them the others know that one is gone."""

from __future__ import annotations

import fcntl
import re
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notifier.errors import FileError

OWNER = re.compile(r"^(?P<host>[^/]+)/(?P<lock>[0-9a-f]{32})$")


@contextmanager
def owner_lock(folder: Path) -> Iterator[str]:
    """Hold a new owner's lock while the block runs; yields the owner's name, `host/lock`.

    The kernel frees the lock when the process ends, however it ends. Its file stays where the block raises: rows may
    name the owner still, and who frees them forgets it.
    """
    lock = uuid.uuid4().hex
    path = folder / lock
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("x")
    except OSError as error:
        raise FileError(f"cannot make the sender's lock in {folder}: {error.strerror}; check who owns it") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield f"{socket.gethostname()}/{lock}"
    path.unlink(missing_ok=True)


def owner_is_gone(folder: Path, owner: str) -> bool:
    """Whether the process of an owner on this machine has ended: its lock is there, and free.

    An owner of another machine, or one whose lock is not to be found, may be alive: only its lease can tell.
    """
    named = OWNER.match(owner)
    if named is None or named["host"] != socket.gethostname():
        return False
    try:
        with (folder / named["lock"]).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def remove_owner_lock(folder: Path, owner: str) -> None:
    """Remove the lock of an owner that is gone, once nothing names it any more."""
    (folder / owner.rpartition("/")[2]).unlink(missing_ok=True)
