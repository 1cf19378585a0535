"""End a request at its deadline, even if the server still sends a few bytes at a time."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Timer
from types import TracebackType
from typing import Any, Self


class Deadline:
    """A point in time on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left; never less than 0."""
        return max(0.0, self._until - time.monotonic())

    def extend(self, seconds: float) -> None:
        """Move the deadline by the seconds that were spent on waiting for other requests."""
        self._until += seconds


class DeadlineWatch:
    """Shuts down the connection of a request at its deadline.

    The time-outs of the HTTP client are for single reads. A server that sends a byte a minute never exceeds them.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.has_ended = False
        self._socket: socket.socket | None = None
        self._timer = Timer(deadline.left, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the socket of the request; this is a callback for the client's extension `trace`."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.has_ended:
                self._shut_down()

    def _end(self) -> None:
        self.has_ended = True
        self._shut_down()

    def _shut_down(self) -> None:
        """Shut the connection down, so that the thread that reads from it sees its end."""
        if self._socket is not None:
            with suppress(OSError):
                # SSLSocket.shutdown would remove the TLS object that another thread is reading from.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
