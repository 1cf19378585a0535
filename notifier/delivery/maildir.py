"""Write mails to a Maildir. This is the transport without a relay. The loopback inbox keeps its mails in a Maildir too.

Layout and protocol: https://cr.yp.to/proto/maildir.html. Lines end with LF, as in every Maildir.
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
from notifier.delivery.transport import CANCELLED, NextMail, StillWanted, always_wanted, no_next_mail
from notifier.drafts import new_draft, sync_folder
from notifier.models import DeliveryState, Mail
from notifier.private_files import FILE_MODE, make_folder

_UNSAFE = re.compile(r"[^A-Za-z0-9.@_+-]")
_FLAGS = ":"  # separates the name of a file from the flags that a mail program adds to it


class Maildir:
    """The transport that writes each mail to a folder; it creates the folder if necessary."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def send(
        self,
        mail: Mail,
        still_wanted: StillWanted = always_wanted,
        next_mail: NextMail = no_next_mail,  # noqa: ARG002
    ) -> Outcome:
        """Write `mail` to the folder, as described in Transport; if that fails, report the relay as DOWN."""
        if not await still_wanted():
            return CANCELLED
        try:
            path = await asyncio.to_thread(write_message, self._folder, mail.message_id, mail.content)
        except OSError as error:
            reason = f"cannot write to the Maildir {self._folder}: {error.strerror or error}"
            return Outcome(DeliveryState.DEFERRED, one_line(reason), RelayCondition.DOWN)
        return Outcome(DeliveryState.ACCEPTED, one_line(f"written to {path}"))


def write_message(folder: Path, message_id: str, content: bytes) -> Path:
    """Write a message completely or not at all, and return its path.

    If `new` already has a message with this Message-ID, the new copy replaces that message. If a mail program has
    already moved the message to `cur`, nothing is written. Raises OSError if the message cannot be written.
    """
    make_folder(folder)
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    name = file_name(message_id)
    already_read = _find_file(folder / "cur", name)
    if already_read:
        return already_read
    final = folder / "new" / name
    with new_draft(folder / "tmp", FILE_MODE) as (draft, file):
        file.write(content.replace(b"\r\n", b"\n"))
        file.flush()
        os.fsync(file.fileno())
        draft.replace(final)
    sync_folder(final.parent)
    return final


def file_name(message_id: str) -> str:
    """Return the file name of a message; it depends on the Message-ID alone, and different ids have different names."""
    identity = message_id.strip().strip("<>")
    digest = sha256(identity.encode(errors="surrogateescape")).hexdigest()
    return f"{digest[:16]}.{_UNSAFE.sub('_', identity)[:100]}"


def _find_file(folder: Path, name: str) -> Path | None:
    """Return the file of this name in `folder`, with or without the flags of a mail program, or None."""
    with os.scandir(folder) as entries:
        return next((Path(entry) for entry in entries if entry.name.partition(_FLAGS)[0] == name), None)
