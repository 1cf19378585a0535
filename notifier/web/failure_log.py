"""Log requests that failed because of the database, at most one line in LOG_SECONDS."""

from __future__ import annotations

import logging
import time
from threading import Lock

from notifier.text.counting import counted

LOG_SECONDS = 60  # at least this long between two lines

log = logging.getLogger(__name__)


class DatabaseFailureLog:
    """Counts failed requests, and logs how many there were since the last line."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failed = 0
        self._next_line = 0.0

    def add(self, reason: object) -> None:
        """Count a failed request, and log the count and this reason if the last line is old enough."""
        with self._lock:
            self._failed += 1
            if (now := time.monotonic()) < self._next_line:
                return
            failed, self._failed, self._next_line = self._failed, 0, now + LOG_SECONDS
        log.error("the database does not answer, %s failed: %s", counted(failed, "request"), reason)
