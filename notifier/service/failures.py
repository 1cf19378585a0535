"""Log messages that would repeat: each is logged at most hourly, and the end of a failure is logged too."""

from __future__ import annotations

import logging
import time
from threading import Lock

from notifier.errors import NotifierError

REPEAT_SECONDS = 3600  # between two logs of the same message

log = logging.getLogger("notifier")


class FailureLog:
    """Logs messages and failures that are found again and again, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._logged: dict[str, float] = {}  # the monotonic time at which each message was logged
        self._failing: dict[str, set[str]] = {}  # the messages of the failures of each part since it last worked

    def log(self, level: int, message: str) -> None:
        """Log a message unless it was logged within the last hour."""
        if self._is_new(message):
            log.log(level, "%s", message)

    def log_failure(self, part: str, error: Exception) -> None:
        """Log why a part of the service has failed, unless this was logged within the last hour.

        An error that is no NotifierError is logged with its traceback.
        """
        message = str(error) if isinstance(error, NotifierError) else f"an unexpected error: {error!r}"
        with self._lock:
            self._failing.setdefault(part, set()).add(message)
        if self._is_new(message):
            log.error("%s", message, exc_info=None if isinstance(error, NotifierError) else error)

    def log_recovery(self, part: str) -> None:
        """Log that a part works again, if it has failed; if it fails again, the failure is logged at once."""
        if part not in self._failing:
            return
        with self._lock:
            for message in self._failing.pop(part, ()):
                self._logged.pop(message, None)
        log.info("%s works again", part)

    def _is_new(self, message: str) -> bool:
        now = time.monotonic()
        with self._lock:
            self._logged = {logged: at for logged, at in self._logged.items() if now - at < REPEAT_SECONDS}
            if message in self._logged:
                return False
            self._logged[message] = now
            return True
