"""A Maildir that a mail server delivers returned messages to (https://cr.yp.to/proto/maildir.html)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from notifier.errors import InboxError

_SEEN, _UNSEEN = ":2,S", ":2,"


class MaildirMailbox:
    """The messages in the folder `new` of a Maildir. At most `largest` bytes of each message are read."""

    def __init__(self, folder: Path, largest: int) -> None:
        self._folder = folder
        self._largest = largest

    def messages(self) -> Iterator[tuple[Path, bytes]]:
        """Yield the new messages with their paths, the oldest first.

        Raises InboxError if the folder cannot be read. If a message cannot be read, the others are yielded
        first, and then InboxError is raised.
        """
        failure: OSError | None = None
        for path in self._paths():
            try:
                content = self._read(path)
            except FileNotFoundError:  # another process has read it in the meantime
                continue
            except OSError as error:
                failure = error
            else:
                yield path, content
        if failure:
            raise self._unreadable(failure)

    def mark(self, path: Path, *, needs_hand: bool) -> None:
        """Move a message to `cur`, as unread if a person has to look at it. Raises InboxError if that fails."""
        name = path.name.partition(":")[0] + (_UNSEEN if needs_hand else _SEEN)
        try:
            (self._folder / "cur").mkdir(mode=0o700, exist_ok=True)
            with suppress(FileNotFoundError):
                path.rename(self._folder / "cur" / name)
        except OSError as error:
            raise InboxError(
                f"cannot move a message of the Maildir {self._folder} from new to cur: {error.strerror or error}; "
                "check who owns its folders"
            ) from None

    def _paths(self) -> list[Path]:
        try:
            with os.scandir(self._folder / "new") as entries:
                files = [each for each in entries if not each.name.startswith(".")]
                paths = [Path(each) for each in files if each.is_file(follow_symlinks=False)]
        except OSError as error:
            raise self._unreadable(error) from None
        return sorted(paths, key=_arrival)

    def _read(self, path: Path) -> bytes:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(self._largest)

    def _unreadable(self, error: OSError) -> InboxError:
        return InboxError(
            f"cannot read the Maildir {self._folder}: {error.strerror or error}; "
            "check [mail] inbox, and that this user may read and move the messages in it"
        )


def _arrival(path: Path) -> tuple[float, str]:
    try:
        return path.lstat().st_mtime, path.name
    except OSError:
        return 0.0, path.name
