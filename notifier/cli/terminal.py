"""Wrap stdout and stderr so that they take every text, and pass no character that controls the terminal.

Titles, names of files and replies of relays may contain characters that move the cursor, change colours, or reverse
the order of a line. They may also contain characters that the stream cannot encode, and the stream may be closed.
`main` puts an InertStream before stdout and before stderr, so commands need not replace such characters themselves.
Only what notifier itself makes for a terminal, such as the colours of a table, is written past the InertStream.
"""

from __future__ import annotations

import codecs
import os
import sys
from io import TextIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from notifier.text.harmless import inert_lines


class InertStream(TextIOBase):
    """A stream that replaces the characters that control a terminal, and writes the text to another stream.

    Line ends stay. What the other stream cannot encode is written with backslashes. Bytes that are written to `buffer`
    are not changed.
    """

    # Any text can be written, whatever the other stream can encode. If `encoding` did not say so, typer would write to
    # `buffer` instead.
    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def buffer(self) -> BinaryIO:
        """The stream that takes bytes, for a file that is printed unchanged."""
        return self.stream.buffer

    def write(self, text: str, /) -> int:
        """Write the text, and return its number of characters."""
        return self.stream.write(inert_lines(text))

    def flush(self) -> None:
        """Write what the other stream still holds."""
        self.stream.flush()

    def isatty(self) -> bool:
        """Return whether the other stream is a terminal."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor of the other stream."""
        return self.stream.fileno()

    def writable(self) -> bool:
        """Return true."""
        return True


def prepare_output() -> None:
    """Make stdout and stderr take every text, and replace characters that control a terminal, until the process ends.

    Characters that a stream cannot encode are written with backslashes. A closed stream takes any text.
    """
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        if not isinstance(stream, InertStream):
            setattr(sys, name, InertStream(stream))


def shows_every_character() -> bool:
    """Return whether stdout can encode every character, so that it replaces none except controls."""
    return codecs.lookup(stream_behind(sys.stdout).encoding or "utf-8").name.startswith("utf")


def stream_behind(stream: TextIO) -> TextIO:
    """Return the stream that an InertStream writes to; any other stream is returned as it is.

    It is for text with colours, and for progress bars: their control characters must reach the terminal.
    """
    return stream.stream if isinstance(stream, InertStream) else stream
