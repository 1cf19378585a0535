"""Requests to one host follow each other: one at a time within this process, with a pause between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from notifier.fetching.web_address import WebAddress

Sleep = Callable[[float], None]


class Turns:
    """Whose turn it is at each host. Times are those of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        self._ended: dict[str, float] = {}
        self._resting: dict[str, float] = {}

    @contextmanager
    def of(self, address: WebAddress, pause: float, sleep: Sleep) -> Iterator[float]:
        """Wait until no other request to the host runs and the last one ended `pause` seconds ago, and hold the turn.

        A server that rests is not asked before its rest is over either. Yield the seconds that all this took.
        """
        came = time.monotonic()
        with self._lock:
            turn = self._locks.setdefault(address.host, Lock())
        with turn:
            ready = max(self._ended.get(address.host, -pause) + pause, self._resting.get(address.netloc, 0.0))
            wait = ready - time.monotonic()
            if wait > 0:
                sleep(wait)
            try:
                yield time.monotonic() - came
            finally:
                self._ended[address.host] = time.monotonic()

    def rest(self, address: WebAddress, seconds: float) -> None:
        """Let nobody ask the server at this host and port for so many seconds."""
        self._resting[address.netloc] = time.monotonic() + seconds


TURNS = Turns()  # of this process
