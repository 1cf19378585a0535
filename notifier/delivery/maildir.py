"""A Maildir: the way out where no relay is configured, and where the loopback inbox keeps its mail.

Layout and protocol: https://cr.yp.to/proto/maildir.html. Line ends are the file system's own (LF), as in any Maildir.
"""

from __future__ import annotations

import asyncio
import os
import re
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from notifier.delivery.outcomes import Outcome, RelayCondition, one_line
from notifier.delivery.transport import CANCELLED, Following, StillWanted, always, nobody
from notifier.models import DeliveryState, Mail

_UNSAFE = re.compile(r"[^A-Za-z0-9.@_+-]")
_INFO = ":"  # parts a file's name from the flags that a reader adds


class Maildir:
    """The transport that writes each mail to a folder, which is made where it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def send(self, mail: Mail, still_wanted: StillWanted = always, following: Following = nobody) -> Outcome:  # noqa: ARG002
        """Write `mail` to the folder; see Transport. A folder that cannot be written is a relay that is down."""
        if not await still_wanted():
            return CANCELLED
        try:
            path = await asyncio.to_thread(write, self._folder, mail.message_id, mail.content)
        except OSError as error:
            reason = f"cannot write to the Maildir {self._folder}: {error.strerror or error}"
            return Outcome(DeliveryState.DEFERRED, one_line(reason), RelayCondition.DOWN)
        return Outcome(DeliveryState.ACCEPTED, one_line(f"written to {path}"))


def write(folder: Path, message_id: str, content: bytes) -> Path:
    """Write a message so that it is there as a whole or not at all, and return its path.

    A repeat takes the place of the first copy while that is new, and changes nothing where a reader already has it.
    Raises OSError.
    """
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    name = file_name(message_id)
    already_read = _named(folder / "cur", name)
    if already_read:
        return already_read
    draft, final = folder / "tmp" / f"{name}.{os.getpid()}", folder / "new" / name
    try:
        _write_through(draft, content.replace(b"\r\n", b"\n"))
        draft.replace(final)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(final.parent)
    return final


def file_name(message_id: str) -> str:
    """The file name of a message: the same for the same Message-ID, another for another, without its brackets."""
    identity = message_id.strip().strip("<>")
    digest = sha256(identity.encode(errors="surrogateescape")).hexdigest()
    return f"{digest[:16]}.{_UNSAFE.sub('_', identity)[:100]}"


def _named(folder: Path, name: str) -> Path | None:
    """The file of this name in `folder`, whatever flags a reader has added to it."""
    with os.scandir(folder) as entries:
        return next((Path(entry) for entry in entries if entry.name.partition(_INFO)[0] == name), None)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the new name as durable as the content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
