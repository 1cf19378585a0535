"""A relay's replies (RFC 5321, section 4.2), made of its bytes as they come. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

LONGEST = 32_768  # bytes of a reply, with all its lines: a relay that never ends one is not listened to

MALFORMED = -1


class Reply(NamedTuple):
    """A relay's answer to one command; a `code` of MALFORMED where it is none that SMTP knows."""

    code: int
    text: str


class Replies:
    """Takes bytes as they come, in whatever pieces, and gives the replies that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    def feed(self, received: bytes) -> list[Reply]:
        """The replies that end in these bytes, in order."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        complete = [reply for line in lines if (reply := self._take(line.removesuffix(b"\r")))]
        if self._size + len(self._rest) > LONGEST:
            complete.append(self._broken_off(b"a reply without an end"))
            self._rest = b""
        return complete

    def _take(self, line: bytes) -> Reply | None:
        if not self._lines and (reply := _alone(line)):
            return reply
        code = line[:3]
        is_proper = len(code) == 3 and code.isdigit() and line[3:4] in (b"", b" ", b"-")
        if not is_proper or (self._lines and self._lines[0][:3] != code):
            return self._broken_off(line)
        self._lines.append(line)
        self._size += len(line)
        if line[3:4] == b"-":
            return None
        text = b"\n".join([each[4:] for each in self._lines])
        self._lines, self._size = [], 0
        return Reply(int(code), text.decode("utf-8", "replace"))

    def _broken_off(self, line: bytes) -> Reply:
        self._lines, self._size = [], 0
        return Reply(MALFORMED, line.decode("utf-8", "replace"))


@lru_cache
def _alone(line: bytes) -> Reply | None:
    """The reply that is this one line: most are, and most are the same again and again."""
    if not line[:3].isdigit() or line[3:4] != b" ":
        return None
    return Reply(int(line[:3]), line[4:].decode("utf-8", "replace"))
