"""Parse a relay's replies (RFC 5321, section 4.2) from the bytes that it sent. This module does no I/O."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

LONGEST_REPLY = 32_768  # bytes in all lines together; limits the memory that a relay can make us use

MALFORMED = -1


class Reply(NamedTuple):
    """A relay's reply to one command; `code` is MALFORMED if the bytes are not an SMTP reply."""

    code: int
    text: str


class ReplyParser:
    """Takes bytes as they arrive, in pieces of any size, and returns the replies that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    def feed(self, received: bytes) -> list[Reply]:
        """Return the replies that these bytes complete, in order."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        complete = [reply for line in lines if (reply := self._parse_line(line.removesuffix(b"\r")))]
        if self._size + len(self._rest) > LONGEST_REPLY:
            complete.append(self._malformed(b"a reply without an end"))
            self._rest = b""
        return complete

    def _parse_line(self, line: bytes) -> Reply | None:
        """Return the reply that ends with this line, or None if more lines follow."""
        if not self._lines and (reply := _single_line_reply(line)):
            return reply
        code = line[:3]
        is_proper = len(code) == 3 and code.isdigit() and line[3:4] in (b"", b" ", b"-")
        if not is_proper or (self._lines and self._lines[0][:3] != code):
            return self._malformed(line)
        self._lines.append(line)
        self._size += len(line)
        if line[3:4] == b"-":
            return None
        text = b"\n".join([each[4:] for each in self._lines])
        self._lines, self._size = [], 0
        return Reply(int(code), text.decode("utf-8", "replace"))

    def _malformed(self, line: bytes) -> Reply:
        self._lines, self._size = [], 0
        return Reply(MALFORMED, line.decode("utf-8", "replace"))


@lru_cache
def _single_line_reply(line: bytes) -> Reply | None:
    """Return the reply that consists of this line alone, or None.

    The results are cached because most replies are single lines, and the same ones come again and again.
    """
    if not line[:3].isdigit() or line[3:4] != b" ":
        return None
    return Reply(int(line[:3]), line[4:].decode("utf-8", "replace"))
