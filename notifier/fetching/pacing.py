"""Run only one request to a host at a time in this process, with a pause between two requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from notifier.fetching.urls import ParsedUrl

Sleep = Callable[[float], None]


class Turns:
    """Locks that let only one request to each host run at a time. Times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        self._ended: dict[str, float] = {}
        self._blocked_until: dict[str, float] = {}

    @contextmanager
    def wait_for_turn(self, url: ParsedUrl, pause: float, sleep: Sleep) -> Iterator[float]:
        """Wait until a request to the host may begin, and let no other request begin until the `with` statement ends.

        A request may begin when no other request to the host runs, the last one ended at least `pause` seconds ago, and
        the seconds given to `block` are over. Yields the number of seconds waited.
        """
        came = time.monotonic()
        with self._lock:
            turn = self._locks.setdefault(url.host, Lock())
        with turn:
            ready = max(self._ended.get(url.host, -pause) + pause, self._blocked_until.get(url.netloc, 0.0))
            wait = ready - time.monotonic()
            if wait > 0:
                sleep(wait)
            try:
                yield time.monotonic() - came
            finally:
                self._ended[url.host] = time.monotonic()

    def block(self, url: ParsedUrl, seconds: float) -> None:
        """Let no request to this host and port begin for this many seconds."""
        self._blocked_until[url.netloc] = time.monotonic() + seconds


TURNS = Turns()  # of this process
